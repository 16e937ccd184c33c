"""SysLogHandler of Python's standard library."""

import logging.handlers
import socket

import common

kind = socket.SOCK_STREAM if common.VARIANT == "tcp" else socket.SOCK_DGRAM
handler = logging.handlers.SysLogHandler((common.HOST, common.PORT), socktype=kind)
handler.setFormatter(logging.Formatter("shop[%(process)d]: %(message)s"))
common.log_all(handler)
handler.close()
