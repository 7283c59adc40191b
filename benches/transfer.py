#!/usr/bin/env python3
"""Imports and exports 10,000 recipes in each format, at the command line and over HTTP, and prints a table.

    benches/transfer.py                                    # builds the program, about three minutes
    benches/transfer.py --program target/release/recipes   # a program that is built already
    benches/transfer.py --postgres                         # on PostgreSQL

Shown are recipes a second and the most memory that the program had, also with a tenth of the recipes: memory that grows with the
file is seen there. The time of the program's start counts. After each import the recipes in the database are counted, and each
export is imported again.
"""

import argparse
import json
import shutil
import subprocess
import sys
import time
import urllib.request
import zipfile
from contextlib import nullcontext
from pathlib import Path

from database import SETTINGS, built, postgres, run, serving
from jpeg import Rows
from load import machine
from servers import ACCOUNT, recipe

EXPORTS = ["ndjson", "json", "jsonld", "zip", "markdown", "text", "cooklang"]
MEDIA_TYPES = {"ndjson": "application/x-ndjson", "jsonld": "application/ld+json", "zip": "application/zip"}


def main():
    options = arguments()
    program = (options.program or built()).resolve(strict=True)
    folder = options.folder.resolve()
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    with postgres(folder / "postgres") if options.postgres else nullcontext() as database:
        bench = Bench(program, folder, database)
        counts = [options.recipes // 10, options.recipes]
        rows = {}
        for count in counts:
            files = written(folder, count)
            for name, file in files.items():
                rows.setdefault(f"import {name}", []).append(bench.imported(file, count))
            stored = bench.filled(files["NDJSON"])
            for name in EXPORTS:
                rows.setdefault(f"export {name}", []).append(bench.exported(stored, name, count))
            for name, figures in bench.over_http(stored, files, count).items():
                rows.setdefault(name, []).append(figures)
    print(f"| | {counts[1]:,} recipes | MiB | MiB with {counts[0]:,} |\n|---|---|---|---|")
    for name, ((_, less), (seconds, most)) in rows.items():
        print(f"| {name} | {counts[1] / seconds:,.0f}/s | {most:.0f} | {less:.0f} |")
    print(f"\nMachine: {machine(folder)}, {'PostgreSQL' if options.postgres else 'SQLite'}.")
    shutil.rmtree(folder, ignore_errors=True)


class Bench:
    def __init__(self, program: Path, folder: Path, database):
        self.program, self.folder, self.database, self.databases = program, folder, database, 0

    def url(self) -> str:
        """Of a new database."""
        self.databases += 1
        if self.database:
            self.database.create(f"bench{self.databases}")
            return self.database.url(f"bench{self.databases}")
        return f"sqlite:{self.folder}/bench{self.databases}.db"

    def measured(self, url: str, *command: str) -> tuple[float, float]:
        """Seconds, and MiB at the most.

        From /proc: what the system says of an ended process includes the memory of this one, from before the program began.
        """
        started, most = time.perf_counter(), 0
        environment = SETTINGS | {"DATABASE_URL": url}
        with open(self.folder / "output", "wb") as output:
            process = subprocess.Popen([self.program, *command], cwd=self.folder, env=environment, stdout=output, stderr=output)
            while process.poll() is None:
                most = max(most, most_memory_kib(process.pid))
                time.sleep(0.005)
        seconds = time.perf_counter() - started
        if process.returncode:
            raise SystemExit(f"{command}: {(self.folder / 'output').read_text(errors='replace')[-2000:]}")
        return seconds, most / 1024

    def count(self, url: str) -> int:
        run(self.program, self.folder, url, "export", "-o", "counted.ndjson")
        with open(self.folder / "counted.ndjson", "rb") as file:
            return sum(1 for _ in file)

    def imported(self, file: Path, count: int) -> tuple[float, float]:
        print(f"importing {file.name}", file=sys.stderr, flush=True)
        url = self.url()
        figures = self.measured(url, "import", str(file))
        self.check(file.name, self.count(url), count)
        return figures

    def filled(self, file: Path) -> str:
        url = self.url()
        run(self.program, self.folder, url, "import", str(file))
        return url

    def exported(self, url: str, name: str, count: int) -> tuple[float, float]:
        print(f"exporting {name}", file=sys.stderr, flush=True)
        figures = self.measured(url, "export", "--format", name, "-o", f"export.{name}")
        again = self.url()
        run(self.program, self.folder, again, "import", f"export.{name}")
        self.check(f"export.{name}", self.count(again), count)
        return figures

    def over_http(self, url: str, files: dict[str, Path], count: int) -> dict[str, tuple[float, float]]:
        rows = {}
        for name, media_type in MEDIA_TYPES.items():
            with serving(self.program, self.folder / "server", url) as running:
                request = urllib.request.Request(running.url("/api/v1/recipes"), headers={"Accept": media_type})
                rows[f"GET {name}"] = received(running, request)
        for name in ("NDJSON", "JSON-LD"):
            with serving(self.program, self.folder / "server", self.url()) as running:
                token = json.loads(running.call("POST", "/api/v1/users/signup", ACCOUNT))["token"]
                headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/octet-stream"}
                body = files[name].read_bytes()
                request = urllib.request.Request(running.url("/api/v1/recipes/import"), body, headers, method="POST")
                rows[f"POST {name}"] = received(running, request)
                quota = json.loads(running.call("GET", "/api/v1/users/me", token=token))["data"]["quota"]
                self.check(f"POST {name}", quota["recipes"]["used"], count)
        return rows

    @staticmethod
    def check(what: str, stored: int, count: int):
        if stored != count:
            raise SystemExit(f"{what}: {stored} recipes of {count}")


def most_memory_kib(process: int) -> int:
    """0 when it has ended."""
    try:
        lines = Path(f"/proc/{process}/status").read_text().splitlines()
    except (FileNotFoundError, ProcessLookupError):
        return 0
    return next((int(line.split()[1]) for line in lines if line.startswith("VmHWM:")), 0)


def received(running, request) -> tuple[float, float]:
    started = time.perf_counter()
    with urllib.request.urlopen(request, timeout=60) as answer:
        while answer.read(1 << 16):
            pass
    return time.perf_counter() - started, running.memory_mib("VmHWM")


def written(folder: Path, count: int) -> dict[str, Path]:
    """The recipes as files of other programs."""
    recipes = [recipe(number) | {"name": f"Stew number {number}", "instructions": ["Chop everything.", "Cook it for an hour."]} for number in range(count)]
    names = {"NDJSON": "in.ndjson", "JSON-LD": "in.jsonld", "zip of JSON-LD, with small pictures": "in.zip", "zip of Markdown": "in.md.zip", "CSV": "in.csv"}
    files = {name: folder / file for name, file in names.items()}
    files["NDJSON"].write_text("\n".join(map(json.dumps, recipes)))
    linked = list(map(json_ld, recipes))
    files["JSON-LD"].write_text(json.dumps({"@context": "https://schema.org", "@graph": linked}))
    small = Rows(128, 12)
    with zipfile.ZipFile(files["zip of JSON-LD, with small pictures"], "w", zipfile.ZIP_DEFLATED) as archive:
        for number, one in enumerate(linked):
            archive.writestr(f"{number}/recipe.json", json.dumps(one))
            archive.writestr(f"{number}/full.jpg", small.picture(128, number))
    with zipfile.ZipFile(files["zip of Markdown"], "w", zipfile.ZIP_DEFLATED) as archive:
        for number, one in enumerate(recipes):
            lines = [f"# {one['name']}", "", "## Ingredients", "", *(f"- {line}" for line in one["ingredients"])]
            lines += ["", "## Instructions", "", *(f"{at}. {step}" for at, step in enumerate(one["instructions"], 1))]
            archive.writestr(f"{number}.md", "\n".join(lines))
    with open(files["CSV"], "w") as file:
        quoted = lambda text: '"' + text.replace('"', '""') + '"'
        file.write("Title,Ingredients,Directions\n")
        for one in recipes:
            file.write(",".join(map(quoted, (one["name"], "\n".join(one["ingredients"]), "\n".join(one["instructions"])))) + "\n")
    return files


def json_ld(one: dict) -> dict:
    return {
        "@type": "Recipe",
        "name": one["name"],
        "recipeIngredient": one["ingredients"],
        "recipeInstructions": [{"@type": "HowToStep", "text": text} for text in one["instructions"]],
        "cookTime": f"PT{one['cookTimeMinutes']}M",
        "prepTime": f"PT{one['prepTimeMinutes']}M",
    }


def arguments():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--program", type=Path)
    parser.add_argument("--recipes", type=int, default=10_000)
    parser.add_argument("--postgres", action="store_true")
    parser.add_argument("--folder", type=Path, default=Path("/tmp/recipes-transfer"))
    return parser.parse_args()


if __name__ == "__main__":
    main()
