#!/usr/bin/env python3
"""A TCP proxy that can stop to forward: e2e/tcp_proxy.py PORT SOCKET. SIGUSR1 stops it, SIGUSR2 lets it go on.

While it is stopped, connections stay open, new ones are accepted, and nothing arrives. What was sent meanwhile is forwarded later.
"""
import asyncio, signal, sys


async def main(port, target):
    forwarding = asyncio.Event()
    forwarding.set()
    loop = asyncio.get_running_loop()
    loop.add_signal_handler(signal.SIGUSR1, forwarding.clear)
    loop.add_signal_handler(signal.SIGUSR2, forwarding.set)

    async def copy(reader, writer):
        try:
            while data := await reader.read(1 << 16):
                await forwarding.wait()
                writer.write(data)
                await writer.drain()
        except OSError:
            pass
        finally:
            writer.close()

    async def serve(reader, writer):
        await forwarding.wait()
        try:
            database = await asyncio.open_unix_connection(target)
        except OSError:
            writer.close()
            return
        await asyncio.gather(copy(reader, database[1]), copy(database[0], writer))

    async with await asyncio.start_server(serve, "127.0.0.1", port) as server:
        await server.serve_forever()


asyncio.run(main(int(sys.argv[1]), sys.argv[2]))
