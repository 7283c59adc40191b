"""Pictures for benchmarks: large JPEG files with the structure of a photo, made without any other library.

Each row of blocks is a restart interval (ITU-T T.81, section E.1.4), so it does not depend on the rows before it. A few rows are
computed, and a picture is any sequence of them: thousands of different pictures cost no more than one.
"""

import math
import random
from struct import pack

BLOCK, MCU = 8, 16  # a unit has four blocks of brightness and one of each colour, as phones write them

# Annex K of T.81, with the quality that cameras use: about 90 of 100.
LUMA = [16, 11, 10, 16, 24, 40, 51, 61, 12, 12, 14, 19, 26, 58, 60, 55, 14, 13, 16, 24, 40, 57, 69, 56, 14, 17, 22, 29, 51, 87, 80, 62]
LUMA += [18, 22, 37, 56, 68, 109, 103, 77, 24, 35, 55, 64, 81, 104, 113, 92, 49, 64, 78, 87, 103, 121, 120, 101, 72, 92, 95, 98, 112, 100, 103, 99]
STEPS = [max(1, (step * 20 + 50) // 100) for step in LUMA]

DC_LENGTHS, DC_VALUES = [0, 1, 5, 1, 1, 1, 1, 1, 1, 0, 0, 0, 0, 0, 0, 0], list(range(12))
AC_LENGTHS = [0, 2, 1, 3, 3, 2, 4, 3, 5, 5, 4, 4, 0, 0, 1, 125]
FREQUENT = [*bytes.fromhex("01020300041105122131410613516107227114328191a1082342b1c11552d1f02433627282090a161718191a25262728292a")]
AC_VALUES = FREQUENT + [value for value in range(256) if (0 < value % 16 < 11 or value == 0) and value not in FREQUENT]

ZIGZAG = sorted(range(64), key=lambda at: (at // 8 + at % 8, at // 8 if (at // 8 + at % 8) % 2 else at % 8))
COSINES = [[(math.sqrt(0.125) if u == 0 else 0.5) * math.cos((2 * x + 1) * u * math.pi / 16) for x in range(8)] for u in range(8)]


def codes(lengths: list[int], values: list[int]) -> dict[int, tuple[int, int]]:
    """The code of each value, and its number of bits (T.81, Annex C)."""
    code, table, rest = 0, {}, iter(values)
    for bits, count in enumerate(lengths, 1):
        for _ in range(count):
            table[next(rest)] = (code, bits)
            code += 1
        code <<= 1
    return table


DC, AC = codes(DC_LENGTHS, DC_VALUES), codes(AC_LENGTHS, AC_VALUES)


class Rows:
    """Computed rows of a picture of this width, in pixels."""

    def __init__(self, width: int, count: int, seed: int = 1):
        self.width, self.across = width, math.ceil(width / MCU)
        chance = random.Random(seed)
        self.rows = [self.row(number, chance) for number in range(count)]

    def row(self, number: int, chance: random.Random) -> bytes:
        bits, length, before = [], 0, [0, 0, 0]

        def put(code: int, size: int):
            nonlocal length
            bits.append(format(code, f"0{size}b") if size else "")
            length += size

        def block(component: int, level: float, slope: float, noise: float):
            rows = [[level + slope * (x - y) + chance.gauss(0, noise) for x in range(BLOCK)] for y in range(BLOCK)]
            half = [[sum(map(float.__mul__, cosine, row)) for cosine in COSINES] for row in rows]
            columns = list(zip(*half))
            full = [[sum(map(float.__mul__, cosine, column)) for column in columns] for cosine in COSINES]
            values = [round(full[at // 8][at % 8] / STEPS[at]) for at in ZIGZAG]
            encode(values[0] - before[component], 0, DC, put)
            before[component], zeros = values[0], 0
            last = max((at for at in range(64) if values[at]), default=0)
            for value in values[1 : last + 1]:
                if value == 0:
                    zeros += 1
                    continue
                for _ in range(zeros // 16):
                    put(*AC[0xF0])
                encode(value, zeros % 16, AC, put)
                zeros = 0
            if last < 63:
                put(*AC[0])

        for unit in range(self.across):
            wave = math.sin(unit / 9 + number) * 70
            for _ in range(4):
                block(0, wave + chance.uniform(-12, 12), chance.uniform(-4, 4), chance.choice((2.0, 5.0, 9.0)))
            block(1, wave / 3, 0.5, 1.0)
            block(2, -wave / 4, -0.5, 1.0)
        text = "".join(bits)
        text += "1" * (-len(text) % 8)
        return int(text, 2).to_bytes(len(text) // 8, "big").replace(b"\xff", b"\xff\x00")

    def picture(self, height: int, seed: int) -> bytes:
        """A JPEG. Another seed is another picture."""
        chance, down = random.Random(seed), math.ceil(height / MCU)
        segment = lambda marker, content: b"\xff" + bytes([marker]) + pack(">H", len(content) + 2) + content
        table = lambda kind, lengths, values: bytes([kind, *lengths, *values])
        components = b"\x01\x22\x00" b"\x02\x11\x00" b"\x03\x11\x00"
        parts = [
            b"\xff\xd8",
            segment(0xE0, b"JFIF\0\x01\x01\0\0\x01\0\x01\0\0"),
            segment(0xDB, bytes([0, *(STEPS[at] for at in ZIGZAG)])),
            segment(0xC0, pack(">BHHB", 8, height, self.width, 3) + components),
            segment(0xC4, table(0, DC_LENGTHS, DC_VALUES) + table(0x10, AC_LENGTHS, AC_VALUES)),
            segment(0xDD, pack(">H", self.across)),
            segment(0xDA, b"\x03\x01\x00\x02\x00\x03\x00\x00\x3f\x00"),
        ]
        for row in range(down):
            parts.append(chance.choice(self.rows))
            if row + 1 < down:
                parts.append(bytes([0xFF, 0xD0 + row % 8]))
        return b"".join([*parts, b"\xff\xd9"])


def encode(value: int, zeros: int, table: dict[int, tuple[int, int]], put):
    """A value and the zeros before it (T.81, section F.1.2)."""
    size = abs(value).bit_length()
    put(*table[zeros << 4 | size])
    put(value if value >= 0 else value + (1 << size) - 1, size)


if __name__ == "__main__":
    import sys

    sys.stdout.buffer.write(Rows(4_000, 8).picture(3_000, 1))
