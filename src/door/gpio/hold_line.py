"""Holds one line of the GPIO character device through libgpiod (1.x or 2.x) for the gate process, its parent.

Usage: python3 -I -S hold_line.py output|input REST as-is|pull-up|pull-down|disabled CHIP NAME OFFSET; what is not
given is empty. Without the module site, and with few imports, it starts in half the time on a small board.

Says "ready LEVEL" once the line is held, or "failed WHY" and ends with exit code 1. An output then takes "0" or "1" a
line on stdin, or "rest 0" or "rest 1" for the level to leave behind, and answers "ok" or "error WHY"; an input says "0" or "1", the level now, after each burst of edges.

The end of stdin, which the kernel closes however the gate dies, and SIGTERM put an output to the level to leave behind
before the line is let go. Written for Python 3.6 and later.
"""

import errno
import os
import select
import signal
import sys

DEBIAN = "/usr/lib/python3/dist-packages"
DEVICES = "/dev"

CONSUMER = "menshen"


class Refused(Exception):
    """The line cannot be had; the message says what to do."""


def say(text):
    os.write(1, (text + "\n").encode("utf-8", "replace"))


class Line1:
    """A line through the binding of libgpiod 1.x."""

    def __init__(self, gpiod, chip, offset, want):
        flag = {
            "as-is": 0,
            "pull-up": gpiod.LINE_REQ_FLAG_BIAS_PULL_UP,
            "pull-down": gpiod.LINE_REQ_FLAG_BIAS_PULL_DOWN,
            "disabled": gpiod.LINE_REQ_FLAG_BIAS_DISABLE,
        }[want["bias"]]
        self.line = chip.get_line(offset)
        if want["mode"] == "output":
            self.line.request(CONSUMER, gpiod.LINE_REQ_DIR_OUT, flag, default_vals=[want["rest"]])
        else:
            self.line.request(CONSUMER, gpiod.LINE_REQ_EV_BOTH_EDGES, flag)

    def get(self):
        return self.line.get_value()

    def set(self, level):
        self.line.set_value(level)

    def fd(self):
        return self.line.event_get_fd()

    def drain(self):
        self.line.event_read()

    def release(self):
        self.line.release()


class Line2:
    """A line through the binding of libgpiod 2.x."""

    def __init__(self, gpiod, chip, offset, want):
        self.offset = offset
        self.values = {0: gpiod.line.Value.INACTIVE, 1: gpiod.line.Value.ACTIVE}
        bias = {
            "as-is": gpiod.line.Bias.AS_IS,
            "pull-up": gpiod.line.Bias.PULL_UP,
            "pull-down": gpiod.line.Bias.PULL_DOWN,
            "disabled": gpiod.line.Bias.DISABLED,
        }[want["bias"]]
        if want["mode"] == "output":
            settings = gpiod.LineSettings(
                direction=gpiod.line.Direction.OUTPUT, bias=bias, output_value=self.values[want["rest"]]
            )
        else:
            settings = gpiod.LineSettings(
                direction=gpiod.line.Direction.INPUT, bias=bias, edge_detection=gpiod.line.Edge.BOTH
            )
        self.request = chip.request_lines(config={offset: settings}, consumer=CONSUMER)

    def get(self):
        return 1 if self.request.get_value(self.offset) == self.values[1] else 0

    def set(self, level):
        self.request.set_value(self.offset, self.values[level])

    def fd(self):
        return self.request.fd

    def drain(self):
        self.request.read_edge_events()

    def release(self):
        self.request.release()


class Library:
    """What the two versions of the binding have in common."""

    def __init__(self):
        sys.path.append(DEBIAN)
        try:
            import gpiod
        except ImportError:
            gpiod = self.elsewhere()
        self.gpiod = gpiod
        self.two = hasattr(gpiod, "LineSettings")

    def elsewhere(self):
        """The binding where a Python other than Debian's keeps it."""
        import site

        site.main()
        try:
            import gpiod
        except ImportError as error:
            raise Refused("the Python binding of libgpiod is missing; install python3-libgpiod (%s)" % error)
        return gpiod

    def open_chip(self, path):
        return self.gpiod.Chip(path) if self.two else self.gpiod.Chip(path, self.gpiod.Chip.OPEN_BY_PATH)

    def describe(self, chip):
        """Name, label and number of lines."""
        if self.two:
            info = chip.get_info()
            return info.name, info.label, info.num_lines
        return chip.name(), chip.label(), chip.num_lines()

    def line_name(self, chip, offset):
        return chip.get_line_info(offset).name if self.two else chip.get_line(offset).name()

    def hold(self, chip, offset, want):
        return (Line2 if self.two else Line1)(self.gpiod, chip, offset, want)


def chips_of(library, wanted):
    """The chips, each once, that have the wanted name or label: all without one."""
    paths = {}
    for entry in sorted(os.listdir(DEVICES)):
        if entry.startswith("gpiochip"):
            paths.setdefault(os.path.realpath(os.path.join(DEVICES, entry)), set()).add(entry)
    if not paths:
        raise Refused("this machine has no GPIO character device (/dev/gpiochip*)")
    found, refused = [], None
    for path, names in paths.items():
        try:
            chip = library.open_chip(path)
            name, label, count = library.describe(chip)
        except OSError as error:
            refused = "%s cannot be opened: %s; run as root or as a member of the group gpio" % (path, error.strerror)
            continue
        if wanted is None or wanted in names or wanted in (name, label):
            found.append((chip, name, count))
        else:
            chip.close()
    if not found:
        raise Refused(refused or "there is no chip of this name or label; `gpiodetect` shows them")
    return found


def find_line(library, want):
    """The chip and the offset of the line; the only one that fits, or a refusal."""
    chips = chips_of(library, want["chip"])
    if want["offset"] is not None:
        fitting = [(chip, chip_name, want["offset"]) for chip, chip_name, count in chips if want["offset"] < count]
    else:
        fitting = [
            (chip, chip_name, offset)
            for chip, chip_name, count in chips
            for offset in range(count)
            if library.line_name(chip, offset) == want["name"]
        ]
    if not fitting:
        raise Refused("there is no such line; `gpioinfo` shows them")
    if len(fitting) > 1:
        places = ", ".join("%s line %d" % (chip_name, offset) for _, chip_name, offset in fitting)
        raise Refused("several lines fit (%s); name the chip, or the offset" % places)
    return fitting[0][0], fitting[0][2]


def hold(library, want):
    chip, offset = find_line(library, want)
    try:
        return library.hold(chip, offset, want)
    except OSError as error:
        if error.errno == errno.EBUSY:
            raise Refused("another driver or program holds it; free it or choose another line")
        if error.errno in (errno.ENXIO, errno.EOPNOTSUPP, errno.ENOTSUP) and want["mode"] == "input":
            raise Refused("its chip tells no edges (%s); choose another line" % error.strerror)
        raise Refused("it cannot be requested: %s" % error.strerror)


def obey(line, want, text):
    """One command of the parent, answered."""
    if text in ("rest 0", "rest 1"):
        want["rest"] = int(text[-1])
        say("ok")
        return
    if text not in ("0", "1"):
        say("error expected 0, 1, rest 0 or rest 1")
        return
    try:
        line.set(int(text))
    except OSError as error:
        say("error %s" % error.strerror)
        return
    say("ok")


def serve(line, want, stopping):
    """Until stdin ends, or SIGTERM."""
    poll = select.poll()
    poll.register(0, select.POLLIN)
    poll.register(stopping, select.POLLIN)
    events = None
    if want["mode"] == "input":
        events = line.fd()
        poll.register(events, select.POLLIN)
    say("ready %d" % (want["rest"] if events is None else line.get()))
    rest = b""
    while True:
        ready = dict(poll.poll())
        if stopping in ready:
            return
        if events in ready:
            line.drain()
            say(str(line.get()))
        if 0 in ready:
            data = os.read(0, 4096)
            if not data:
                return
            *lines, rest = (rest + data).split(b"\n")
            if events is None:
                for text in lines:
                    obey(line, want, text.decode("ascii", "replace"))


def main():
    mode, rest, bias, chip, name, offset = sys.argv[1:]
    want = {
        "mode": mode,
        "rest": int(rest),
        "bias": bias,
        "chip": chip or None,
        "name": name or None,
        "offset": int(offset) if offset else None,
    }
    # Ctrl-C reaches every process of a terminal: the gate decides what becomes of the line.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGHUP, signal.SIG_IGN)
    stopping, wake = os.pipe()
    os.set_blocking(wake, False)
    signal.set_wakeup_fd(wake)
    signal.signal(signal.SIGTERM, lambda *_: None)
    try:
        line = hold(Library(), want)
    except Refused as refusal:
        say("failed %s" % refusal)
        return 1
    try:
        serve(line, want, stopping)
    except BrokenPipeError:
        pass
    finally:
        if want["mode"] == "output":
            line.set(want["rest"])
        line.release()
    return 0


if __name__ == "__main__":
    sys.exit(main())
