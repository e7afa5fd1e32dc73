"""An echo server that forks for each client, as people write them."""
import os
import signal
import socket
import sys


def echo(client):
    with client:
        while piece := client.recv(1 << 16):
            client.sendall(piece)


listener = socket.create_server(("127.0.0.1", int(sys.argv[1])), backlog=4096)
signal.signal(signal.SIGCHLD, signal.SIG_IGN)
while True:
    client, _ = listener.accept()
    with client:
        if os.fork() == 0:
            listener.close()
            try:
                echo(client)
            except OSError:
                pass
            os._exit(0)
