"""The benchmarks' processes as PyWPS has them: one of many, an echo, and one that tells what arrived.

A WSGI application, loaded by gunicorn in an environment of its own, where azenha is not installed. FOR_PYWPS names
what is served: `many` or `few`; PYWPS_CFG its settings.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable, Iterable
from typing import Any

from pywps import BoundingBoxInput, ComplexInput, Format, LiteralInput, LiteralOutput, Process, Service
from pywps.inout.literaltypes import AllowedValue

COUNT = 500
PIECE = 256 * 1024
ANY = [
    Format("application/octet-stream", encoding="base64"),
    Format("application/gml+xml"),
    Format("text/xml"),
]


class _Process(Process):  # type: ignore[misc]
    def __init__(self, identifier: str, inputs: list[Any]) -> None:
        super().__init__(
            self.answered,
            identifier,
            identifier,
            abstract="One of the benchmarks.",
            version="1.0.0",
            inputs=inputs,
            outputs=[LiteralOutput("result", "Result", data_type="string")],
            store_supported=True,
            status_supported=True,
        )

    def answered(self, request: Any, response: Any) -> None:
        response.outputs["result"].data = self.value(request.inputs)

    def value(self, inputs: Any) -> str:
        raise NotImplementedError


class Many(_Process):
    def __init__(self, number: int) -> None:
        share = AllowedValue(allowed_type="range", minval=0, maxval=1)
        methods = ["nearest", "bilinear", "cubic"]
        super().__init__(
            f"process-{number:03}",
            [
                LiteralInput("name", "Name", data_type="string"),
                LiteralInput("share", "Share", "float", allowed_values=[share], default=0.5, min_occurs=0),
                LiteralInput("distance", "Distance", "float", uoms=["m"], default=10.0, min_occurs=0),
                LiteralInput("method", "Method", "string", allowed_values=methods, min_occurs=0),
                BoundingBoxInput("box", "Box", crss=["EPSG:4326"], min_occurs=0),
                ComplexInput("document", "Document", supported_formats=ANY, min_occurs=0),
            ],
        )

    def value(self, inputs: Any) -> str:
        return str(inputs["name"][0].data)


class Echo(_Process):
    def __init__(self) -> None:
        super().__init__("echo", [LiteralInput("text", "Text", data_type="string")])

    def value(self, inputs: Any) -> str:
        return str(inputs["text"][0].data)


class Tell(_Process):
    def __init__(self) -> None:
        super().__init__("tell", [ComplexInput("data", "Data", supported_formats=ANY)])

    def value(self, inputs: Any) -> str:
        size, digest = 0, hashlib.sha256()
        with open(inputs["data"][0].file, "rb") as file:
            while piece := file.read(PIECE):
                size += len(piece)
                digest.update(piece)
        return f"{size} {digest.hexdigest()}"


_MANY = os.environ.get("FOR_PYWPS") == "many"
_service = Service(
    [Many(number) for number in range(COUNT)] if _MANY else [Echo(), Tell()],
    [os.environ["PYWPS_CFG"]],
)


def application(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
    """PyWPS at every path but /processes, which says that the server is there."""
    if environ["PATH_INFO"] == "/processes":
        start_response("200 OK", [("Content-Type", "text/plain"), ("Content-Length", "3")])
        return [b"yes"]
    answer: Iterable[bytes] = _service(environ, start_response)
    return answer
