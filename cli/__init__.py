"""The command `timetracer`: one module a command."""
