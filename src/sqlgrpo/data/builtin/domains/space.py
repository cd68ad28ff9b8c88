"""Space: agencies, missions and telescopes."""

from __future__ import annotations

SPACE = (
    """
agency
  agency_id     key
  agency_name   label     Nova Agency|Polar Space|Southern Orbit|Equator Lab
  country       category  @country
  budget        amount    10..9000/10
mission
  mission_id    key
  mission_name  label     Dawn Treader|Red Finch|Icebreaker|Far Lamp|Comet Chaser
  agency_id     ref       agency.agency_id
  target        category  Moon|Mars|Venus|Jupiter|Saturn
  launch_year   year      1965..2024
  crew_size     level     0..7
""",
    """
planet
  planet_id     key
  planet_name   label!    Aquilo|Borea|Cindra|Duna|Eos
  planet_type   category  rocky|gas|ice
  moons (number of moons) amount 0..80
  radius        level     1000..80000/500
  discovery_year year?    1700..2023
""",
    """
observatory
  id            key
  observatory_name label  Mount Clear|Dry Plateau|Whale Rock|High Pines
  altitude      level     200..5000/50
telescope
  id            key
  telescope_name label    Big Owl|Lynx|Sky Net|Hawk Eye
  observatory_id ref      observatory.id
  telescope_type category radio|optical|infrared
  mirror_size   level     0.5..12.0/0.1
  built_year    year      1950..2022
""",
)
