import base64
import getpass
import io
import json
import os
import socket
import sys
import threading
from os import environ as E
from pathlib import Path

KEYRING = {}


class keyring:
    @staticmethod
    def get_password(service, user):
        return KEYRING[service]


class Config:
    def __init__(self, path):
        self.path = path
        self.values = json.loads(Path(path).read_text())

    def get(self, key):
        return self.values[key]


def from_environment():
    key = os.environ["SEED_ENV"]
    other = os.getenv("SEED_GETENV", "development")
    parts = key.split("-")
    return key, other, parts


def from_alias():
    held = E["SEED_ALIAS"]
    return {"held": held, "reversed": held[::-1]}


def from_file(path):
    found = []
    with open(path) as f:
        for line in f:
            line = line.strip()
            found.append(line.upper())
            name, value = line.split("=")
            found.append((name, value))
    return found


def from_socket():
    here, there = socket.socketpair()
    with here, there:
        here.sendall(sys.stdin.readline().encode().strip() + b"/from-the-wire")
        data = there.recv(1000)
        text = data.decode()
    return text


def from_stdin():
    answer = input()
    number = int(input())
    return answer, number


def from_arguments():
    return [it.lower() for it in sys.argv[1:]]


def prompted():
    getpass.getpass = lambda prompt="": os.environ["SEED_PROMPTED"]
    word = getpass.getpass("Password: ")
    return len(word), word


def from_keyring():
    KEYRING["mail"] = os.environ["SEED_KEYRING"]
    return keyring.get_password("mail", "me")


def printed():
    print(os.environ["SEED_PRINTED"])
    for letter in os.environ["SEED_LETTERS"]:
        print(letter, end="")
    print()
    print("to the error stream:", os.environ["SEED_STDERR"], file=sys.stderr)


def raised():
    try:
        raise ValueError("no such key: " + os.environ["SEED_RAISED"])
    except ValueError as error:
        return str(error)


def encoded():
    held = os.environ["SEED_ENCODED"].encode()
    return base64.b64encode(held), bytearray(held), held.hex()


def in_a_thread(out):
    out.append(os.environ["SEED_THREAD"])


def shapes():
    # Anyone may write to seed.comment@example.org about this.
    password = "Seed-Literal-Password"
    token = "ghp_SeedLiteralGitHubToken0123456789abcd"
    url = "https://me:seed-url-password@host.example/x"
    card = 4111111111111111
    long = "x " * 480 + "AKIASEEDSEEDSEEDSEED" + " y" * 20
    settings = {"api_key": "seed-dictionary-key", "name": "plain"}
    return password, token, url, card, long, settings


def named(**names):
    return sorted(names)


def generated(path):
    with open(path) as f:
        yield from (line.strip() for line in f)


def main():
    path = os.environ["SEED_FILE"]
    environment = from_environment()
    alias = from_alias()
    lines = from_file(path)
    wire = from_socket()
    answers = from_stdin()
    arguments = from_arguments()
    word = prompted()
    ring = from_keyring()
    printed()
    message = raised()
    coded = encoded()
    threads = []
    thread = threading.Thread(target=in_a_thread, args=(threads,))
    thread.start()
    thread.join()
    literal = shapes()
    keys = named(**{os.environ["SEED_NAME"]: 1})
    again = list(generated(path))
    config = Config(os.environ["SEED_CONFIG"])
    nested = config.get("nested")
    print("done", len(again))
    raise KeyError(nested["deep"][0])


main()
