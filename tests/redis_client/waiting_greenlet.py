"""A subscriber that waits in a replay, under gevent that patches late; prints what ran and when."""

import redis

from timetracer_otel.replay.redis_answers import Answers
from timetracer_otel.replay.redis_streams import open_socket


def main() -> None:
    from gevent import monkey

    monkey.patch_all()  # as gunicorn's gevent workers do, with all of ours imported
    import gevent

    opened = open_socket(Answers(redis.Connection(), None), 0)
    opened.settimeout(1)

    def wait() -> None:
        try:
            opened.recv(1)
        except TimeoutError:
            print("gave up")

    waiting = gevent.spawn(wait)
    gevent.sleep(0)
    print("another ran")
    waiting.join()
    opened.close()


if __name__ == "__main__":
    main()
