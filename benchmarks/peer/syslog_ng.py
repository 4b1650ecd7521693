"""The configuration of syslog-ng: a file, parsed as JSON, posted by `http()`."""

from pathlib import Path

IN_FLIGHT = 20

_CONFIG = """\
@version: 3.38
options {{ stats-freq(0); }};
source day {{
    file("{export}" flags(no-parse) read-old-records(yes) follow-freq(1)
         log-fetch-limit(1000) log-iw-size(200000) multi-line-mode(none));
}};
parser fields {{ json-parser(prefix(".spot.")); }};
destination api {{
    http(
        url("{url}") method("POST") workers({in_flight}) batch-lines(1) {throttle}
        headers("Content-Type: application/json") log-fifo-size(200000) retries(100)
        response-action(429 => retry) time-reopen(1)
        body("$(format-json spot_id=${{.spot.SpotID}} station=${{.spot.StationCode}}
              airtime=${{.spot.AirDateTime}} duration_sec=int64(${{.spot.Duration}})
              advertiser=${{.spot.ClientName}})")
    );
}};
log {{ source(day); parser(fields); destination(api); flags(flow-control); }};
"""


def syslog_ng(folder: Path, export: Path, url: str, *, throttle: int = 0) -> list[str]:
    """Write the configuration; return the command that stays in the foreground.

    Args:
        folder: For the configuration and what it keeps.
        export: NDJSON, read from its beginning.
        url: Where to post.
        throttle: Messages a second; 0 is as many as there are.
    """
    limit = f"throttle({throttle})" if throttle else ""
    words = {"export": export, "url": url, "in_flight": IN_FLIGHT, "throttle": limit}
    body = _CONFIG.format(**words).replace("\n              ", " ")
    config = folder / "syslog-ng.conf"
    config.write_text(body)
    places = {
        "cfgfile": "syslog-ng.conf",
        "persist-file": "persist",
        "pidfile": "pid",
        "control": "ctl",
    }
    return ["syslog-ng", "-F", *(f"--{name}={folder / file}" for name, file in places.items())]
