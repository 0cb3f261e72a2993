"""A case in a file, a result in a file: what `fengsui science` reads and writes. No model knows of it.

A case is JSON with the names of the model's inputs. An array stands there as a list, as `{"csv": FILE, "column": NAME}`
or, on a grid, as `{"grid": FILE}` (GeoTIFF or ESRI ASCII) or `{"fill": NUMBER, "like": FILE}`, beside the case's file.
A number may be `{"cell_of": FILE}`, the side of a grid's cells. A result is JSON with everything, CSV with the arrays
over the first axis, or GeoTIFF with a band for each grid, which lies where the case's first grid does.
"""

from __future__ import annotations

import csv
import dataclasses
import json
import types
import typing
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal, Union, get_args, get_origin, get_type_hints

import numpy as np

from fengsui.kernel.errors import Invalid
from fengsui.science import raster
from fengsui.science.contract import Model, Result


def read(model: Model[Any], file: Path) -> Any:
    """The inputs of a case. Raises Invalid naming the field, or OutOfRange where the model does not hold."""
    try:
        said = json.loads(file.read_text("utf-8"))
    except OSError as error:
        raise Invalid("science.case.unreadable", field="case", file=str(file), why=error.strerror or "") from error
    except ValueError as error:
        raise Invalid("science.case.not_json", field="case", file=str(file), why=str(error)) from error
    return _build(model.inputs, said, "", file.parent)


def _build(kind: Any, said: Any, where: str, folder: Path) -> Any:
    if not isinstance(said, Mapping):
        raise Invalid("science.case.not_an_object", field=where, got=type(said).__name__)
    hints = get_type_hints(kind)
    known = {each.name: each for each in dataclasses.fields(kind) if each.init and not each.name.startswith("_")}
    for name in said:
        if name not in known:
            raise Invalid("science.case.unknown_field", field=f"{where}{name}", known=", ".join(known))
    values = {}
    for name, each in known.items():
        if name in said:
            values[name] = _value(hints[name], said[name], f"{where}{name}", folder)
        elif each.default is dataclasses.MISSING and each.default_factory is dataclasses.MISSING:
            raise Invalid("science.case.missing", field=f"{where}{name}")
    try:
        return kind(**values)
    except ValueError as error:  # what the inputs say of values that do not go together; Invalid names its field itself
        raise Invalid("science.case.refused", field=where.rstrip(".") or "case", why=str(error)) from error


def _value(hint: Any, said: Any, where: str, folder: Path) -> Any:
    origin = get_origin(hint)
    if isinstance(origin, typing.TypeAliasType):  # numpy's NDArray
        origin = get_origin(origin.__value__)
    if dataclasses.is_dataclass(hint):
        return _build(hint, said, f"{where}.", folder)
    if origin is np.ndarray or hint is np.ndarray:
        marks = np.bool_ in get_args(hint)
        return _array(said, where, folder).astype(np.bool_ if marks else np.float64)
    if origin is Literal:
        return _of(said in get_args(hint), said, where, " | ".join(map(str, get_args(hint))))
    if origin in (Union, types.UnionType):
        if said is None:
            return _of(type(None) in get_args(hint), said, where, "a value")
        return _value(next(each for each in get_args(hint) if each is not type(None)), said, where, folder)
    if origin is tuple:
        _of(isinstance(said, list), said, where, "a list")
        inner = get_args(hint)[0]
        return tuple(_value(inner, each, f"{where}[{n}]", folder) for n, each in enumerate(said))
    if hint is bool:
        return _of(isinstance(said, bool), said, where, "true or false")
    if hint is int:
        return _of(isinstance(said, int) and not isinstance(said, bool), said, where, "a whole number")
    if hint is float and isinstance(said, Mapping) and set(said) == {"cell_of"}:
        return _cell(folder / str(said["cell_of"]), where)
    if hint is float:
        return float(_of(isinstance(said, int | float) and not isinstance(said, bool), said, where, "a number"))
    return _of(isinstance(said, hint if isinstance(hint, type) else str), said, where, "a text")


def _of(good: bool, said: Any, where: str, wanted: str) -> Any:
    if not good:
        raise Invalid("science.case.wrong_kind", field=where, wanted=wanted, got=str(said)[:60])
    return said


def _array(said: Any, where: str, folder: Path) -> np.ndarray[Any, Any]:
    try:
        if isinstance(said, Mapping):
            if "fill" in said:
                return np.full(raster.read(folder / str(said["like"]))[0].shape, float(said["fill"]))
            if "grid" in said:
                return raster.read(folder / str(said["grid"]))[0]
            return _column(folder / str(said["csv"]), str(said["column"]))
        return np.asarray(said, np.float64)
    except KeyError as error:
        raise Invalid("science.case.missing", field=f"{where}.{error.args[0]}") from error
    except OSError as error:
        raise Invalid(
            "science.case.unreadable", field=where, file=str(error.filename), why=error.strerror or ""
        ) from error
    except (TypeError, ValueError) as error:
        raise Invalid("science.case.wrong_kind", field=where, wanted="numbers", got=str(error)[:80]) from error


def _cell(file: Path, where: str) -> float:
    """Raises Invalid for a grid in degrees: no model takes those."""
    try:
        return raster.read(file)[1].metres()
    except OSError as error:
        raise Invalid("science.case.unreadable", field=where, file=str(file), why=error.strerror or "") from error
    except ValueError as error:
        raise Invalid("science.case.wrong_kind", field=where, wanted="metres", got=str(error)[:80]) from error


def frame(file: Path) -> raster.Frame | None:
    """Where the first grid of a case that was read lies; None where the case names none."""
    found = _first_grid(json.loads(file.read_text("utf-8")))
    return raster.read(file.parent / found)[1] if found else None


def _first_grid(said: Any) -> str:
    if isinstance(said, Mapping):
        for key in ("grid", "like"):
            if isinstance(said.get(key), str):
                return str(said[key])
        said = list(said.values())
    return next((found for each in said if (found := _first_grid(each))), "") if isinstance(said, list) else ""


def _column(file: Path, name: str) -> np.ndarray[Any, Any]:
    """One column of a .csv; an empty cell is NaN."""
    with open(file, newline="", encoding="utf-8-sig") as lines:
        rows = csv.DictReader(lines)
        if name not in (rows.fieldnames or ()):
            raise ValueError(f"no column {name} in {file.name}: {', '.join(rows.fieldnames or ())}")
        return np.asarray([float(row[name]) if row[name].strip() else np.nan for row in rows], np.float64)


def write(model: Model[Any], result: Result, file: Path, place: raster.Frame | None = None) -> None:
    """By the file's ending: .json, .csv or .tif, which needs the `place` of its grids. Raises Invalid for others."""
    if file.suffix == ".json":
        file.write_text(json.dumps(_told(model, result), ensure_ascii=False, indent=1) + "\n", "utf-8")
    elif file.suffix == ".csv":
        _write_table(model, result, file)
    elif file.suffix.lower() in raster.ENDINGS:
        _write_grids(model, result, file, place)
    else:
        raise Invalid("science.case.unknown_ending", field="out", file=str(file), known=".json .csv .tif")


def _told(model: Model[Any], result: Result) -> dict[str, Any]:
    units = {each.name: each.unit for each in model.variables if each.intent == "out"}
    return {
        "model": model.code,
        "verified": model.verified,
        "provenance": dataclasses.asdict(result.provenance),
        "remarks": [dataclasses.asdict(each) for each in result.remarks],
        "units": units,
        "values": {name: _jsonable(value) for name, value in result.values.items()},
    }


def _jsonable(value: Any) -> Any:
    """NaN has no place in JSON: it is null."""
    if isinstance(value, np.ndarray):
        return _jsonable(value.tolist())
    if isinstance(value, list | tuple):
        return [_jsonable(each) for each in value]
    if isinstance(value, float | np.floating):
        return float(value) if np.isfinite(value) else None
    if isinstance(value, np.integer | np.bool_):
        return value.item()
    return value


def _write_table(model: Model[Any], result: Result, file: Path) -> None:
    """Columns are the arrays with one axis over the first declared one; the heading carries the unit."""
    outs = [each for each in model.variables if each.intent == "out" and len(each.dims) == 1]
    if not outs:
        raise Invalid("science.case.no_table", field="out", file=str(file), known=".json")
    axis = outs[0].dims
    columns = [each for each in outs if each.dims == axis]
    with open(file, "w", newline="", encoding="utf-8") as lines:
        table = csv.writer(lines)
        table.writerow([f"{each.name} [{each.unit}]" for each in columns])
        table.writerows(zip(*(typing.cast(Any, result.values[each.name]).tolist() for each in columns), strict=True))


def _write_grids(model: Model[Any], result: Result, file: Path, place: raster.Frame | None) -> None:
    """A band for each grid and for each layer of a stack of grids; provenance and remarks go along as tags."""
    bands: dict[str, np.ndarray[Any, Any]] = {}
    for each in model.variables:
        if place is None or each.intent != "out" or len(each.dims) < 2:
            continue
        values = np.asarray(result.values[each.name])
        if values.shape[-2:] == place.shape:
            layers = values.reshape(-1, *place.shape)
            names = [f"{each.name}[{n}]" for n in range(len(layers))] if values.ndim > 2 else [each.name]
            bands |= {f"{name} [{each.unit}]": layer for name, layer in zip(names, layers, strict=True)}
    if place is None or not bands:
        raise Invalid("science.case.no_grid", field="out", file=str(file), known=".json")
    told = _told(model, result)
    raster.write(
        file,
        bands,
        place,
        {key: json.dumps(told[key], ensure_ascii=False) for key in ("model", "provenance", "remarks")},
    )
