"""What may be wrong with OpenQuake's files: counted, with the first places and how to mend it."""

from __future__ import annotations

from collections.abc import Sequence

from rencheng.domain.errors import Fault, InvalidInputError

FIRST = 3
"""Places that are named of each kind of fault."""
SAID = {
    "file": ("files are missing or cannot be read", "Put them where the job names them"),
    "xml": ("files are no NRML", "Write them as NRML 0.5, without document type or entities"),
    "kind": ("files hold another kind of model", "Name the file of the kind that is asked for"),
    "old": ("curves are in the form of NRML 0.4", "Bring them to NRML 0.5 with OpenQuake"),
    "columns": ("columns are missing", "Add them, or name them under exposureFields"),
    "ragged": ("lines have another number of fields than the first", "Mend these lines"),
    "number": ("values are no numbers", "Write numbers with a point"),
    "negative": ("values are negative or infinite", "Give amounts of zero or more"),
    "place": ("places are unreadable or outside the Earth", "Give lon and lat in degrees"),
    "double": ("ids stand more than once", "Give each an id of its own"),
    "measure": ("intensity measures are not known here", "The how-to names those that are"),
    "no_measure": ("measures are asked for that the ground motion lacks", "Give their values too"),
    "length": ("lists have another length than their levels", "Give one number for each level"),
    "dist": ("distributions are neither LN, BT nor PM", "Use one of these three"),
    "states": ("limit states are missing or others than declared", "Name the declared states"),
    "order": ("curves reach a worse state more often than a milder one", "Mend their source"),
    "curve": ("curves break a rule", "Compare them with their source"),
    "conversion": ("kinds of cost are not known", "Use aggregated, per_asset or per_area"),
    "area": ("costs per area have no area", "Give the area of each asset and its kind"),
    "folder": ("tables lie outside the folder of their model", "Put them beside the model"),
    "site": ("rows name a site that is not given", "Give it in the file of sites"),
    "sites": ("ground motion has no sites", "Give the file of sites, or their places in the job"),
    "event": ("events have no whole number", "Number the events from 0"),
    "weight": ("weights of a taxonomy do not sum to 1", "Mend the mapping of taxonomies"),
    "masses": ("levels have chances that do not sum to 1", "Give every share its chance"),
    "risk_id": ("assets have no curve", "Add the curve, or map the taxonomy to one"),
    "ratio": ("ratios lie outside 0 to 1", "Give shares, not percent"),
    "level": ("levels do not rise", "Sort them"),
    "rises": ("probabilities rise with intensity", "Compare them with their source"),
    "region": ("assets lie on or beyond the edge of the region", "They are left out"),
    "outside": ("assets lie beyond the reach of every site", "They are left out"),
    "beyond": ("curves say beyond their range what NRML cannot", "State zero below, held above"),
    "taxonomies": ("assets have curves of several names", "OpenQuake knows one taxonomy an asset"),
    "worth": ("assets have no known amount", "Give it, or leave the assets out"),
    "missing": ("options of the job are missing", "Name them in the job; the how-to lists them"),
    "option": ("options of the job cannot be understood", "Mend them in the job"),
    "mode": ("calculations are not done here", "The how-to names those that are"),
    "period": ("periods of occupancy are not in the exposure", "Name one that it has"),
    "retrofitted": ("kinds of loss have no cost of a retrofit", "Name it `retrofitted` there"),
    "loss_type": ("kinds of loss have no value in the exposure", "Give their value for each asset"),
}  # fmt: skip
"""Problem and hint by the last part of the key; other languages stand in `words/openquake.toml`."""


class Found:
    """Faults as they are found; those of one kind and place together."""

    def __init__(self) -> None:
        self._found: dict[tuple[str, str], list[str]] = {}

    def add(self, key: str, where: str, first: Sequence[object] | str) -> None:
        """Note what is wrong; nothing when nothing is named."""
        names = [first] if isinstance(first, str) else [str(one) for one in first]
        if names:
            self._found.setdefault((key, where), []).extend(names)

    def __bool__(self) -> bool:
        return bool(self._found)

    @property
    def faults(self) -> tuple[Fault, ...]:
        """All faults so far."""
        made = []
        for (key, where), names in self._found.items():
            problem, hint = SAID[key]
            first = tuple(names[:FIRST])
            said = f"{len(names)} {problem}: {', '.join(first)}"
            made.append(
                Fault(
                    where=where,
                    key=f"openquake.{key}",
                    problem=said,
                    hint=hint,
                    count=len(names),
                    first=first,
                )
            )
        return tuple(made)

    def refuse(self) -> None:
        """Raise an error that carries all faults, when there are any."""
        faults = self.faults
        if faults:
            raise InvalidInputError(
                "openquake.input",
                f"{len(faults)} kinds of faults, first {faults[0].where}: {faults[0].problem}",
                hint="Mend every fault named; nothing was computed",
                params={"count": len(faults), "first": faults[0].where},
                faults=faults,
            )
