#!/usr/bin/env python3
"""An RTSP camera for tests and the demo: serves an Annex-B H.264 file on 127.0.0.1 as a live stream.

All clients share one stream and join it where it is; the stream's clock runs on while nobody watches.
One line on stdout, {"listening": PORT, "url": ...}, says that it is ready. The password is read from the
environment (RTSP_PASSWORD), so that no process list shows it. SIGUSR1 stops sending while connections
stand (a camera that is alive but silent), SIGUSR2 goes on. Needs the access unit delimiters of
`-x264-params aud=1:repeat-headers=1`, and no B pictures.
"""
import argparse
import json
import os
import re
import signal
import sys
import threading
import time

import gi

gi.require_version("Gst", "1.0")
gi.require_version("GstRtsp", "1.0")
gi.require_version("GstRtspServer", "1.0")
from gi.repository import GLib, Gst, GstRtsp, GstRtspServer  # noqa: E402

CAPS = "video/x-h264,stream-format=byte-stream,alignment=au"
MAX_LATE_S = 0.25


def access_units(data):
    """Splits at the access unit delimiters (NAL type 9)."""
    starts = [m.start() for m in re.finditer(rb"\x00\x00\x00?\x01\x09", data)]
    if not starts:
        sys.exit("no access unit delimiters in the file; encode it with -x264-params aud=1:repeat-headers=1")
    return [data[a:b] for a, b in zip(starts, starts[1:] + [len(data)])]


class Camera:
    """Knows which access unit is due and pushes it into whichever appsrc is there."""

    def __init__(self, units, fps, loop, log, clock):
        self.units, self.fps, self.loop, self.log, self.clock = units, fps, loop, log, clock
        # A stream joined between two key pictures begins with the parameter sets, so that DESCRIBE is answered at once.
        self.headers = b"".join(n for n in re.split(rb"(?=\x00\x00\x00\x01)|(?=\x00\x00\x01)", units[0])
                                if re.match(rb"\x00*\x01[\x67\x68\x27\x28]", n))
        self.start, self.held = time.monotonic(), False

    def configure(self, _factory, media):
        appsrc = media.get_element().get_by_name("src")
        threading.Thread(target=self.run, args=(appsrc, media), daemon=True).start()

    def run(self, appsrc, media):
        gone = threading.Event()
        media.connect("unprepared", lambda *_: gone.set())
        first, n = None, int((time.monotonic() - self.start) * self.fps) + 1
        while not gone.is_set():
            if not self.loop and n >= len(self.units):
                appsrc.emit("end-of-stream")
                return
            due = self.start + n / self.fps
            late = time.monotonic() - due
            if late < 0:
                time.sleep(-late)
            elif late > MAX_LATE_S:  # was stopped: go on with the next picture, as an encoder that froze would
                self.start += late
                due += late
            if not self.held:
                unit = self.units[n % len(self.units)]
                if first is None:
                    first, unit = due, self.headers + unit
                buffer = Gst.Buffer.new_wrapped(unit)
                buffer.pts = buffer.dts = int((due - first) * self.clock * Gst.SECOND)
                buffer.duration = int(Gst.SECOND / self.fps)
                sent = time.monotonic() * 1000
                if appsrc.emit("push-buffer", buffer) != Gst.FlowReturn.OK:
                    return
                if self.log:
                    self.log.write(json.dumps({"n": n, "unit": n % len(self.units), "sent": round(sent, 3)}) + "\n")
                    self.log.flush()
            n += 1


def main():
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("file")
    p.add_argument("--port", type=int, default=0, help="0: any free port")
    p.add_argument("--fps", type=float, default=15)
    p.add_argument("--once", action="store_true", help="end after the last picture instead of beginning again")
    p.add_argument("--user", help="ask for this user (Digest) and the password of RTSP_PASSWORD")
    p.add_argument("--log", help="write one JSON line per access unit sent: n, unit (index in the file), sent (CLOCK_MONOTONIC, ms)")
    p.add_argument("--clock", type=float, default=1, help="how fast the stream's time stamps run, in parts of the true speed")
    args = p.parse_args()

    Gst.init(None)
    with open(args.file, "rb") as f:
        units = access_units(f.read())
    camera = Camera(units, args.fps, not args.once, open(args.log, "w") if args.log else None, args.clock)

    server = GstRtspServer.RTSPServer()
    server.set_address("127.0.0.1")
    server.set_service(str(args.port))
    factory = GstRtspServer.RTSPMediaFactory()
    factory.set_launch(f"( appsrc name=src is-live=true format=time block=false max-bytes=100000000 caps={CAPS} "
                       "! rtph264pay name=pay0 pt=96 config-interval=-1 )")
    factory.set_shared(True)
    factory.set_protocols(GstRtsp.RTSPLowerTrans.TCP | GstRtsp.RTSPLowerTrans.UDP)
    factory.connect("media-configure", camera.configure)
    if args.user:
        auth = GstRtspServer.RTSPAuth()
        auth.set_supported_methods(GstRtsp.RTSPAuthMethod.DIGEST)
        token = GstRtspServer.RTSPToken.new_empty() if hasattr(GstRtspServer.RTSPToken, "new_empty") else GstRtspServer.RTSPToken()
        token.set_string("media.factory.role", "viewer")
        auth.add_digest(args.user, os.environ["RTSP_PASSWORD"], token)
        server.set_auth(auth)
        permissions = GstRtspServer.RTSPPermissions()
        permissions.add_role("viewer")
        for right in ("media.factory.access", "media.factory.construct"):
            permissions.add_permission_for_role("viewer", right, True)
        factory.set_permissions(permissions)
    server.get_mount_points().add_factory("/live", factory)
    if not server.attach(None):
        sys.exit(f"cannot listen on 127.0.0.1:{args.port}")
    GLib.timeout_add_seconds(2, lambda: server.get_session_pool().cleanup() is not None)

    loop = GLib.MainLoop()
    for sig, action in ((signal.SIGTERM, loop.quit), (signal.SIGINT, loop.quit),
                        (signal.SIGUSR1, lambda: setattr(camera, "held", True)),
                        (signal.SIGUSR2, lambda: setattr(camera, "held", False))):
        GLib.unix_signal_add(GLib.PRIORITY_HIGH, sig, lambda act: (act(), True)[1], action)
    port = server.get_bound_port()
    print(json.dumps({"listening": port, "url": f"rtsp://127.0.0.1:{port}/live"}), flush=True)
    loop.run()


if __name__ == "__main__":
    main()
