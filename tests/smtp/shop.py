"""An application that sends mail in a request."""

from __future__ import annotations

import os
import smtplib
from email.message import EmailMessage
from email.utils import formatdate, make_msgid

from flask import Flask

app = Flask(__name__)


@app.post("/orders")
def order() -> dict[str, str]:
    message = EmailMessage()
    message["Subject"], message["From"], message["To"] = "Order", "shop@a.test", "ada@b.test"
    message["Date"], message["Message-ID"] = formatdate(), make_msgid()
    message.set_content("Thank you")
    with smtplib.SMTP("localhost", int(os.environ["SMTP_PORT"])) as client:
        client.login("ada", "secret")
        client.send_message(message)
    return {"mailed": message["Date"]}
