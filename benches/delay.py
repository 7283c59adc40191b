#!/usr/bin/env python3
"""A TCP proxy that delays each answer: benches/delay.py PORT TARGET_PORT MILLISECONDS. It stands for a network between two machines.

A thread for each direction of a connection. An event loop would wake up a whole millisecond late.
"""
import collections, socket, sys, threading, time


def copy(source, target):
    try:
        while data := source.recv(1 << 17):
            target.sendall(data)
    except OSError:
        pass
    finally:
        end(target)


def copy_later(source, target, delay):
    """Reads at once and writes each piece when it is due, so that a delay does not add up over many pieces."""
    waiting, arrived = collections.deque(), threading.Condition()

    def write():
        try:
            while True:
                with arrived:
                    while not waiting:
                        arrived.wait()
                    due, data = waiting.popleft()
                if (pause := due - time.perf_counter()) > 0:
                    time.sleep(pause)
                if not data:
                    return
                target.sendall(data)
        except OSError:
            pass
        finally:
            end(target)

    threading.Thread(target=write, daemon=True).start()
    data = b"?"
    while data:
        try:
            data = source.recv(1 << 17)
        except OSError:
            data = b""
        with arrived:
            waiting.append((time.perf_counter() + delay, data))
            arrived.notify()


def end(connection):
    try:
        connection.shutdown(socket.SHUT_RDWR)
    except OSError:
        pass


def main(port, target, milliseconds):
    sys.setswitchinterval(0.0001)
    with socket.create_server(("127.0.0.1", port), backlog=256) as listener:
        print("ready", flush=True)
        while True:
            client, _ = listener.accept()
            database = socket.create_connection(("127.0.0.1", target))
            for connection in (client, database):
                connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            threading.Thread(target=copy, args=(client, database), daemon=True).start()
            threading.Thread(target=copy_later, args=(database, client, milliseconds / 1000), daemon=True).start()


main(int(sys.argv[1]), int(sys.argv[2]), float(sys.argv[3]))
