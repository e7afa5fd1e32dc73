#!/usr/bin/env python3
"""Echoes what its clients send, each in a thread of a pool, which grows with the clients at the same time and keeps its
threads. Each thread has two descriptors of its own, as runtimes have pipes and pollers, and keeps them too."""
import contextlib
import os
import socket
import sys
import time
from concurrent.futures import ThreadPoolExecutor


def equip():
    with contextlib.suppress(OSError):  # it can do without
        os.pipe()


def echo(client):
    with client, contextlib.suppress(OSError):  # it has gone
        while data := client.recv(65536):
            client.sendall(data)


listener = socket.create_server(("127.0.0.1", int(sys.argv[1])), backlog=4096)
with ThreadPoolExecutor(max_workers=4000, initializer=equip) as pool:
    while True:
        try:
            pool.submit(echo, listener.accept()[0])
        except OSError:  # no descriptor is left
            time.sleep(0.01)
