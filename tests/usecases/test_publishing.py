"""Outputs as services: how they are asked for, what the job is told, and which of them can be found."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from fakes import FakeBlobs, FakeFolders, FakeJobs, FakeWake

from azenha.domain.errors import InvalidInputs, NoSuchService
from azenha.domain.media import Family
from azenha.domain.messages import (
    Accepted,
    Asked,
    Change,
    Checked,
    Create,
    Created,
    Dismiss,
    Execute,
    GetService,
    GetStatus,
    Mode,
    OutputRequest,
    ServiceFound,
    Status,
    Transmission,
)
from azenha.domain.process import (
    Catalogue,
    ComplexDomain,
    Format,
    Offering,
    OutputDescription,
    ProcessDescription,
    Text,
)
from azenha.domain.published import MEDIA_TYPES, Features, Published, Service
from azenha.domain.services import published
from azenha.domain.values import StoredFile
from azenha.settings import Settings
from azenha.usecases.processing import Processing

TIFF, PNG, GEOJSON = (
    Format("image/tiff; application=geotiff"),
    Format("image/png"),
    Format("application/geo+json"),
)
FACTS = Published(".services/map/0.gpkg", 4326, (), (0, 0, 1, 1), (0, 0, 1, 1), Features("Point", 1))


def described(*formats: Format, id: str = "map") -> ProcessDescription:
    output = OutputDescription(id, ComplexDomain(formats), Text("Map"))
    return ProcessDescription("draw", "1.0.0", Text("Draw"), outputs=(output,))


def services(process: ProcessDescription, *families: Family) -> tuple[Service, ...]:
    (output,) = published(process, families).outputs
    assert isinstance(output.domain, ComplexDomain)
    return output.domain.services


class Server(Processing):
    jobs: FakeJobs


@pytest.fixture
def server(tmp_path: Path) -> Server:
    description = published(described(PNG, TIFF), tuple(Family))
    catalogue = Catalogue({"draw": Offering(description, "source")})
    ids = iter(f"job{n}" for n in range(1, 9))
    return Server(
        catalogue,
        FakeJobs(),
        FakeFolders(tmp_path),
        FakeBlobs(tmp_path),
        FakeWake(),
        Settings(),
        ids.__next__,
        publishes=True,
    )


def asking(service: Service | str, **more: object) -> Execute:
    type = MEDIA_TYPES[service] if isinstance(service, Service) else service
    outputs = {"map": OutputRequest(Format(type), **more)}  # type: ignore[arg-type]
    return Execute("draw", {}, outputs, Mode.ASYNC, Asked("ogcapi", "1.0"))


def stored(server: Server, command: Execute) -> OutputRequest:
    accepted = server.handle(command)
    assert isinstance(accepted, Accepted)
    outputs = server.jobs.new[accepted.job.id].request.outputs
    assert outputs is not None
    return outputs["map"]


def test_rasters_are_maps_and_coverages_and_features_are_maps_and_features() -> None:
    assert services(described(TIFF), *Family) == (Service.WMS, Service.WCS)
    assert services(described(GEOJSON), *Family) == (Service.WMS, Service.WFS, Service.FEATURES)


def test_what_the_libraries_here_cannot_make_ready_is_not_offered() -> None:
    assert services(described(TIFF, GEOJSON), Family.RASTER) == (Service.WMS, Service.WCS)
    assert services(described(TIFF)) == ()


def test_pictures_and_tables_are_not_offered() -> None:
    assert services(described(PNG, Format("text/csv"), Format("text/plain")), *Family) == ()


def test_an_output_whose_id_can_be_no_name_of_a_layer_is_not_offered() -> None:
    assert services(described(TIFF, id="my map"), *Family) == ()
    assert services(described(TIFF, id="mapa_é"), *Family) == ()


@pytest.mark.parametrize("id", ["ação", "my map", "1st"])
def test_an_output_whose_id_can_be_no_name_of_a_layer_is_refused_for_that(server: Server, id: str) -> None:
    process = published(described(TIFF, id=id), tuple(Family))
    server = replace(server, catalogue=Catalogue({"draw": Offering(process, "source")}))
    asked = OutputRequest(Format(MEDIA_TYPES[Service.WMS]))
    with pytest.raises(InvalidInputs, match="letters A to Z, digits and '_' alone, and no digit first"):
        server.handle(replace(asking(Service.WMS), outputs={id: asked}))


def test_the_process_is_asked_for_data_that_can_be_published_and_not_for_a_service(server: Server) -> None:
    request = stored(server, asking(Service.WMS))
    assert (request.format, request.service) == (TIFF, Service.WMS)
    assert request.named == Format("application/x-ogc-wms")


def test_where_what_it_makes_unasked_will_do_it_is_asked_for_nothing(server: Server) -> None:
    only = published(described(TIFF, PNG), tuple(Family))
    server = replace(server, catalogue=Catalogue({"draw": Offering(only, "source")}))
    assert stored(server, asking(Service.WCS)).format is None


@pytest.mark.parametrize("transmission", [None, Transmission.VALUE, Transmission.REFERENCE], ids=str)
def test_a_service_is_given_by_reference_however_the_others_are(
    server: Server, transmission: Transmission | None
) -> None:
    assert (
        stored(server, asking(Service.WMS, transmission=transmission)).transmission is Transmission.REFERENCE
    )


@pytest.mark.parametrize(
    "name", ["application/WMS", "application/x-ogc-wms; version=1.3.0", "Application/X-OGC-WMS"]
)
def test_a_service_has_other_names_too(server: Server, name: str) -> None:
    assert stored(server, asking(name)).service is Service.WMS


def test_a_service_that_is_not_offered_is_refused_and_told_which_are(server: Server) -> None:
    with pytest.raises(InvalidInputs, match=r"not published as application/x-ogc-wfs.*application/x-ogc-wms"):
        server.handle(asking(Service.WFS))


def test_a_job_that_is_created_and_changed_is_asked_in_the_same_way(server: Server) -> None:
    created = server.handle(Create(asking(Service.WMS)))
    assert isinstance(created, Created)
    outputs = {"map": OutputRequest(Format(MEDIA_TYPES[Service.WCS]))}
    server.handle(Change(created.job.id, outputs=outputs, selects=True))
    request = server.jobs.request(created.job.id)
    assert request is not None
    assert request.outputs is not None
    assert (request.outputs["map"].service, request.outputs["map"].format) == (Service.WCS, TIFF)


def test_a_large_request_that_is_checked_elsewhere_is_asked_in_the_same_way(server: Server) -> None:
    checked = server.check(asking(Service.WMS), "elsewhere", b"")
    assert isinstance(checked, Checked)
    assert checked.execute.outputs is not None
    assert checked.execute.outputs["map"].service is Service.WMS


def file(facts: Published | None) -> StoredFile:
    return StoredFile("map/a.tif", "a.tif", 3, TIFF, published=facts)


def test_a_published_output_is_found_and_linked_until_its_job_is_gone(server: Server) -> None:
    server.handle(asking(Service.WMS))
    with pytest.raises(NoSuchService):
        server.handle(GetService("job1", "map"))
    server.jobs.succeed("job1", map=file(FACTS))
    found = server.handle(GetService("job1", "map", "/ogcapi"))
    assert isinstance(found, ServiceFound)
    assert (found.output.id, found.path) == ("map", "/ogcapi")
    status = server.handle(GetStatus("job1"))
    assert isinstance(status, Status)
    assert [o.id for o in status.published] == ["map"]
    server.handle(Dismiss("job1"))
    with pytest.raises(NoSuchService):
        server.handle(GetService("job1", "map"))


def test_what_was_not_asked_for_as_a_service_is_not_published(server: Server) -> None:
    server.handle(replace(asking(Service.WMS), outputs={"map": OutputRequest(TIFF)}))
    server.jobs.succeed("job1", map=file(FACTS))
    for job, output in (("job1", "map"), ("job1", "other"), ("nobody", "map")):
        with pytest.raises(NoSuchService):
            server.handle(GetService(job, output))
    status = server.handle(GetStatus("job1"))
    assert isinstance(status, Status)
    assert status.published == ()
