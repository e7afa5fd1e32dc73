"""An echo server with asyncio that stops: on SIGTERM it refuses new clients and serves those it has."""
import asyncio
import signal
import sys

tasks = set()


async def echo(reader, writer):
    tasks.add(asyncio.current_task())
    try:
        while piece := await reader.read(1 << 16):
            writer.write(piece)
            await writer.drain()
    except OSError:
        pass
    finally:
        writer.close()
        tasks.discard(asyncio.current_task())


async def main():
    signals = asyncio.Queue()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, signals.put_nowait, None)
    server = await asyncio.start_server(echo, "127.0.0.1", int(sys.argv[1]), backlog=4096)
    await signals.get()
    server.close()
    second = asyncio.create_task(signals.get())
    while tasks and not second.done():
        await asyncio.wait({*tasks, second}, return_when=asyncio.FIRST_COMPLETED)


asyncio.run(main())
