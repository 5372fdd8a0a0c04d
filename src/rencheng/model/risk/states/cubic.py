"""Four states at once; import it inside a function: numba loads slowly.

numba does not let LLVM find out which numbers side by side could share a wide register; one by one
they take twice as long. So these two lines are said to LLVM itself.
"""

from __future__ import annotations

from typing import Any

from llvmlite import ir  # type: ignore[import-untyped, unused-ignore]
from numba.core import types
from numba.extending import intrinsic

SINGLE, DOUBLE = (ir.VectorType(kind, 4) for kind in (ir.FloatType(), ir.DoubleType()))


def _lanes(builder: Any, values: Any, *which: int) -> Any:
    return builder.shuffle_vector(
        values, values, ir.Constant(ir.VectorType(ir.IntType(32), 4), which)
    )


def _same(builder: Any, value: Any) -> Any:
    place = ir.Constant(ir.IntType(32), 0)
    one = builder.insert_element(ir.Constant(SINGLE, ir.Undefined), value, place)
    return _lanes(builder, one, 0, 0, 0, 0)


def _spot(context: Any, builder: Any, array: tuple[Any, Any], index: Any, kind: Any) -> Any:
    data = context.make_array(array[0])(context, builder, array[1]).data
    return builder.bitcast(builder.gep(data, [index]), kind.as_pointer())


@intrinsic  # type: ignore[untyped-decorator, unused-ignore]
def cubics(_: Any, cell: Any, at: Any, f: Any, out: Any, to: Any) -> Any:  # noqa: ARG001
    """Write out[to + s] = Σ cell[at + 4 k + s] · f^k for s and k to 3; none above the one before.

    Called as `cubics(cell, at, f, out, to)`: float32 in, float32 or float64 out, arrays of one
    dimension and without gaps.
    """

    def build(context: Any, builder: Any, signature: Any, given: Any) -> Any:
        def term(k: int) -> Any:
            index = builder.add(given[1], ir.Constant(given[1].type, 4 * k))
            place = _spot(context, builder, (signature.args[0], given[0]), index, SINGLE)
            return builder.load(place, align=4)

        x, y = _same(builder, given[2]), term(3)
        for k in (2, 1, 0):
            product = builder.fmul(x, y, flags=("contract",))
            y = builder.fadd(term(k), product, flags=("contract",))
        for which in ((0, 0, 1, 2), (0, 1, 0, 1)):
            milder = _lanes(builder, y, *which)
            y = builder.select(builder.fcmp_ordered("<", milder, y), milder, y)
        kind = SINGLE if signature.args[3].dtype == types.float32 else DOUBLE
        place = _spot(context, builder, (signature.args[3], given[3]), given[4], kind)
        builder.store(y if kind is SINGLE else builder.fpext(y, kind), place, align=4)
        return context.get_dummy_value()

    return types.void(cell, types.uint64, types.float32, out, types.uint64), build


@intrinsic  # type: ignore[untyped-decorator, unused-ignore]
def above(_: Any, reached: Any, at: Any, u: Any) -> Any:  # noqa: ARG001
    """Return how many of reached[at : at + 4] are above a number; NaN is not.

    Called as `above(reached, at, u)`: float32, of one dimension and without gaps.
    """

    def build(context: Any, builder: Any, signature: Any, given: Any) -> Any:
        place = _spot(context, builder, (signature.args[0], given[0]), given[1], SINGLE)
        here = builder.load(place, align=4)
        mask = builder.fcmp_ordered(">", here, _same(builder, given[2]))
        bits = builder.zext(builder.bitcast(mask, ir.IntType(4)), ir.IntType(64))
        return builder.ctpop(bits)

    return types.int64(reached, types.uint64, types.float32), build
