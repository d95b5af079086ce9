"""``make simulate``: play histories, show the progress, tell the story of one that failed."""

from __future__ import annotations

import argparse
import sys

from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from tests.simulation.campaign import campaign, smallest, story
from tests.simulation.history import play
from tests.simulation.script import draw

MOST_FAILURES = 5


def main() -> int:
    """Play the histories that the command line asks for; return 1 if one failed."""
    parser = argparse.ArgumentParser(prog="make simulate", description=__doc__)
    parser.add_argument("--histories", type=int, default=10_000)
    parser.add_argument("--seed", type=int, help="only this one, told step by step")
    parser.add_argument("--first", type=int, default=0, help="the first seed of all")
    asked = parser.parse_args()
    if asked.seed is not None and asked.histories == 1:
        return _one(asked.seed)
    return _many(asked.first if asked.seed is None else asked.seed, asked.histories)


def _one(seed: int) -> int:
    script = draw(seed)
    print(story(script))
    if not play(script).faults:
        return 0
    _explain(seed)
    return 1


def _many(first: int, count: int) -> int:
    failed: list[tuple[int, str]] = []
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn())
    with Progress(*columns, TimeRemainingColumn()) as progress:
        task = progress.add_task("histories", total=count)
        for report in campaign(first, count):
            progress.advance(task, report.played)
            for seed, fault in report.failed:
                failed.append((seed, fault))
                progress.console.print(f"seed {seed}: {fault[:300]}", markup=False)
            if len(failed) >= MOST_FAILURES:
                progress.console.print("enough failed; stopping")
                break
    if failed:
        _explain(min(failed)[0])
        return 1
    print(f"{count} histories, all well")
    return 0


def _explain(seed: int) -> None:
    print(f"\nThe smallest script that fails like seed {seed}:\n")
    print(story(smallest(draw(seed))))
    print(f"\nAgain: make simulate HISTORIES=1 SEED={seed}")


if __name__ == "__main__":
    sys.exit(main())
