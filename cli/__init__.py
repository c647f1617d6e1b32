"""The command ``timetracer``: one module a command, and what they share."""
