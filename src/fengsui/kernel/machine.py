"""State machines as tables: state -> {verb: next state}. Buttons, diagrams and tests come from the table."""

from __future__ import annotations

from collections.abc import Mapping

from fengsui.kernel.errors import Refused
from fengsui.kernel.terms import Terms


class Machine:
    """A table of allowed moves. Raises `Refused("<name>.<verb>.wrong_state")` for any other."""

    registered: dict[str, Machine] = {}

    def __init__(
        self,
        name: str,
        *,
        initial: str,
        moves: Mapping[str, Mapping[str, str]],
        final: frozenset[str],
        states: Terms,
    ) -> None:
        unknown = ({initial, *moves, *final} | {to for row in moves.values() for to in row.values()}) - set(states)
        if unknown:
            raise ValueError(f"machine {name}: states without a term: {sorted(unknown)}")
        stuck = set(states) - final - {state for state, row in moves.items() if row}
        if stuck:
            raise ValueError(f"machine {name}: neither final nor left by any verb: {sorted(stuck)}")
        self.name, self.initial, self.final, self.states = name, initial, final, states
        self.moves = {state: dict(row) for state, row in moves.items()}
        Machine.registered[name] = self

    def next(self, state: str, verb: str) -> str:
        try:
            return self.moves[state][verb]
        except KeyError:
            raise Refused(f"{self.name}.{verb}.wrong_state", state=self.states.term(state)) from None

    def can(self, state: str, verb: str) -> bool:
        return verb in self.moves.get(state, {})

    def verbs(self, state: str) -> list[str]:
        return list(self.moves.get(state, {}))

    @property
    def open_states(self) -> list[str]:
        return [state for state in self.states if state not in self.final]

    def mermaid(self) -> str:
        """The diagram that is committed to docs/reference/machines.md."""
        lines = ["stateDiagram-v2", f"    [*] --> {self.initial}"]
        lines += [f"    {state}: {self.states.zh(state)}" for state in self.states]
        lines += [f"    {state} --> {to}: {verb}" for state, row in self.moves.items() for verb, to in row.items()]
        lines += [f"    {state} --> [*]" for state in self.states if state in self.final]
        return "\n".join(lines)
