"""pygelf and graypy, over UDP, TCP and HTTP."""

import common
import graypy
import pygelf

HANDLERS = {
    "pygelf-udp": lambda: pygelf.GelfUdpHandler(common.HOST, common.PORT, include_extra_fields=True),
    "pygelf-tcp": lambda: pygelf.GelfTcpHandler(common.HOST, common.PORT, include_extra_fields=True),
    "pygelf-http": lambda: pygelf.GelfHttpHandler(common.HOST, common.PORT, include_extra_fields=True),
    "graypy-udp": lambda: graypy.GELFUDPHandler(common.HOST, common.PORT),
    "graypy-tcp": lambda: graypy.GELFTCPHandler(common.HOST, common.PORT),
    "graypy-http": lambda: graypy.GELFHTTPHandler(common.HOST, common.PORT),
}
handler = HANDLERS[common.VARIANT]()
common.log_all(handler, lambda entry: entry["fields"], key="message")
handler.close()
