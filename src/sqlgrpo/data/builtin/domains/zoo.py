"""Zoos and nature: animals, keepers and parks."""

from __future__ import annotations

ZOO = (
    """
keeper
  keeper_id     key
  keeper_name   label     @person
  shift         category  morning|evening|night
  start_year    year      1990..2023
zoo_animal (animal, animals)
  animal_id     key
  animal_name   label     Bruno|Kiki|Luna|Tembo|Nala|Rocky
  keeper_id     ref       keeper.keeper_id
  species       category  lion|zebra|otter|parrot|giraffe
  weight        level     1..4000/5
""",
    """
nature_park (park, parks)
  park_id       key
  park_name     label     Blue Lagoon|Tall Cedars|Red Canyon|Misty Hills
  state         category  north|south|lakeland|islands
  area          amount    10..9000/10
trail
  trail_id      key
  trail_name    label     Fox Path|Ridge Walk|Waterfall Loop|Pine Track|Echo Trail
  park_id       ref       nature_park.park_id
  length        amount    1.0..40.0/0.5
  grade         category  easy|moderate|hard
  opened_year   year?     1950..2023
""",
    """
bird
  bird_id       key
  bird_name     label     grey heron|snow finch|marsh owl|river tern|oak warbler
  habitat       category  wetland|forest|mountain|coast
  wingspan      level     15..240
  eggs (number of eggs) level 1..12
sighting
  sighting_id   key
  bird_id       ref       bird.bird_id
  observer      label     @person
  sighting_date date      2021-01-01..2023-12-31
  individuals (number of individuals) amount 1..90
""",
    """
enclosure
  enclosure_id  key
  enclosure_name label    Lion Rock|Bird Hall|Wet Land|Night House
  area          level     50..5000/50
reptile
  reptile_id    key
  nickname      label     Slim|Spike|Pebble|Jade|Rusty
  enclosure_id  ref       enclosure.enclosure_id
  length_cm (length in cm) level 10..400/5
feeding
  feeding_id    key
  reptile_id    ref       reptile.reptile_id
  feed_date     date      2023-01-01..2024-03-31
  food          category  insects|mice|fish|fruit
""",
)
