"""Farms: fields, crops and animals."""

from __future__ import annotations

FARM = (
    """
farm
  farm_id       key
  farm_name     label     Willow Farm|Three Oaks|Stonefield|Long Meadow|Hilltop
  region        category  north|south|coast|valley
  area          amount    10..900/5
  owner         label     @person
animal
  animal_id     key
  farm_id       ref       farm.farm_id
  species       category  cow|sheep|goat|horse|pig
  birth_year    year      2008..2023
  weight        level     20..900/5
""",
    """
crop
  crop_id       key
  crop_name     label     barley|winter wheat|sugar beet|sunflower|rapeseed|oats
  season        category  spring|summer|autumn
  growing_days (number of growing days) level     50..200
  yield_per_hectare level 1.5..12.0/0.5
  market_price  level?    90..600/10
""",
    """
field
  id            key
  field_name    label     Top Field|River Strip|Back Acre|Chapel Field|Long Piece
  soil          category  clay|sand|loam|peat
  hectares (size in hectares) amount    1..60
harvest
  id            key
  field_id      ref       field.id
  harvest_year  year      2010..2023
  tons (number of tons) amount 2..300
  quality       category? low|medium|high
""",
)
