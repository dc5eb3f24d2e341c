# Talks to anybody.
import socket
for family, address in ((socket.AF_INET, ("127.0.0.1", 1)), (socket.AF_INET, ("1.1.1.1", 53)),
                        (socket.AF_INET6, ("::1", 1)), (socket.AF_UNIX, "/run/dbus/system_bus_socket"),
                        (socket.AF_UNIX, "\0abstract")):
    for kind in (socket.SOCK_STREAM, socket.SOCK_DGRAM):
        try:
            with socket.socket(family, kind) as s:
                s.settimeout(1)
                s.connect(address)
            print("ESCAPED: connected", address)
        except ConnectionRefusedError:
            print("ESCAPED: somebody refused", address)
        except OSError:
            pass
for family in (socket.AF_INET, socket.AF_NETLINK, socket.AF_PACKET, socket.AF_VSOCK, socket.AF_ALG):
    try:
        socket.socket(family, socket.SOCK_RAW if family == socket.AF_PACKET else socket.SOCK_DGRAM)
        print("ESCAPED: a socket of family", family)
    except OSError:
        pass
a, b = socket.socketpair()
a.send(b"x")
print("done" if b.recv(1) == b"x" else "no pair")
