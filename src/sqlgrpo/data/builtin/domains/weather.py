"""Weather and geography."""

from __future__ import annotations

WEATHER = (
    """
weather_station (station, stations)
  station_id    key
  site          label     Cape North|Dry Ridge|Lake End|Hilltop|Delta Gate
  country       category  @country
  elevation     level     0..3000/10
measurement
  measurement_id key
  station_id    ref       weather_station.station_id
  measured_on (date) date 2022-01-01..2023-12-31
  temperature   level     -20..42
  rainfall      amount    0.0..90.0/0.5
""",
    """
storm
  storm_id      key
  storm_name    label     Agnes|Bertil|Celia|Dorian|Elin
  category      level     1..5
  wind_speed    level     60..280/5
  ocean         category  Atlantic|Pacific|Indian
  storm_year    year      1980..2023
  damage        amount?   1..900
""",
    """
river
  river_id      key
  river_name    label!    Alder|Brenta|Corva|Dunes|Estrel
  length_km (length in km) amount 40..4000/20
  basin         category  northern|southern|inland
dam
  dam_id        key
  dam_name      label     Stone Gate|High Wall|Twin Locks|Old Weir
  river_id      ref       river.river_id
  height        level     10..250/5
  completed_year year     1920..2020
  purpose       category  power|irrigation|flood control
""",
)
