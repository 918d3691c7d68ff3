"""What reads large bodies for the web tier: its dialects and the checks of the use case, without a store."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from dataclasses import replace

from azenha.adapters.folders import LocalFolders
from azenha.bootstrap.dialects import dialects
from azenha.bootstrap.parts import from_supervisor, log_to_stderr
from azenha.domain.addresses import AddressPolicy
from azenha.domain.languages import languages
from azenha.domain.messages import Checked, Command, Create, Execute
from azenha.domain.process import Level
from azenha.domain.roots import schemes
from azenha.engine.formats.at_hand import AtHand
from azenha.protocols.http import HttpRequest
from azenha.usecases.executing import check
from azenha.web.reader import serve


def main(_: Sequence[str]) -> int:
    log_to_stderr()
    answers = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # whatever prints must not do so among the answers
    settings, catalogue, _keys, _descriptor = from_supervisor()
    folders = LocalFolders(settings.data)
    limits = settings.limits
    policy = AddressPolicy.of(settings.addresses.allow, settings.addresses.ports)
    mounted = {dialect.mount: dialect for dialect in dialects(settings)}

    look = AtHand(Level(settings.formats.validation))
    allowed = schemes(settings.references.roots)
    spoken = languages(catalogue, settings.server.language)

    def read(mount: str, request: HttpRequest, job: str) -> Command | Checked:
        command = mounted[mount].read(request)
        if isinstance(command, Create) and isinstance(command.execute, Execute):
            checked = check(
                command.execute,
                job,
                request.body,
                catalogue,
                folders,
                limits,
                spoken,
                policy,
                look=look,
                schemes=allowed,
            )
            return replace(command, execute=checked)
        if not isinstance(command, Execute):
            return command
        return check(
            command, job, request.body, catalogue, folders, limits, spoken, policy, look=look, schemes=allowed
        )

    serve(sys.stdin.buffer, answers, read)
    return 0
