"""How the sandbox listens."""

from __future__ import annotations

import asyncio
import contextlib
import socket

from sandbox.server import bind


def test_no_answer_waits_for_the_other_side_to_acknowledge_its_first_part() -> None:
    async def is_sent_at_once() -> bool:
        accepted = asyncio.get_running_loop().create_future()

        def meet(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            connection = writer.get_extra_info("socket")
            accepted.set_result(connection.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY))
            writer.close()

        with contextlib.closing(bind(0)) as listener:
            async with await asyncio.start_server(meet, sock=listener):
                _, writer = await asyncio.open_connection(*listener.getsockname())
                writer.close()
                return bool(await asyncio.wait_for(accepted, 10))

    assert asyncio.run(is_sent_at_once())
