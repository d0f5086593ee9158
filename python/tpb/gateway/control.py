"""What the gateway says beside the data, as a serialised StreamControl. Pure."""

from tpb.wire.tpb.stream_control_pb2 import ConfigChanged, Notice, PairSelection, StreamControl


def notice(code: str, text: str, severity: Notice.Severity) -> bytes:
    """Something for a person to read."""
    said = Notice(code=code, text=text, severity=severity)
    return StreamControl(notice=said).SerializeToString()


def token_expires(seconds: int) -> bytes:
    return notice("token_expires", token_expires_text(seconds), Notice.SEVERITY_WARNING)


def token_expires_text(seconds: int) -> str:
    return f"The token expires in {seconds} s, and the connection ends with it: renew it."


def pair_controls(pairs: PairSelection, *, changed: bool) -> list[bytes]:
    """Which symbols are chosen for the user; of a change is told before."""
    selection = StreamControl(pairs=pairs).SerializeToString()
    if not changed:
        return [selection]
    change = ConfigChanged(version=pairs.version, sections=["pairs"])
    return [StreamControl(config_changed=change).SerializeToString(), selection]
