"""Air travel: airlines, airports and flights."""

from __future__ import annotations

AVIATION = (
    """
airline
  airline_id    key
  airline_name  label     Skylark|Polar Wings|Blue Comet|Andes Air|Sunbird|Transpacific
  country       category  @country
  fleet_size    amount    4..300/2
flight
  flight_id     key
  airline_id    ref       airline.airline_id
  destination   category  @city
  flight_date   date      2022-01-01..2023-12-31
  distance      amount    150..9000/50
  price         level     40..1500/10
""",
    """
airport
  code          key
  airport_name  label     Seagull Field|Highland International|Sandbar|Northern Gate|Palm Bay
  city          category  @city
  runways (number of runways) amount 1..6
  passengers (number of passengers) amount 20000..900000/5000
  elevation     level     0..2500/10
  opening_year  year?     1925..2010
""",
    """
pilot
  pilot_id      key
  pilot_name    label     @person
  rank          category  captain|first officer|cadet
  flight_hours (number of flight hours) amount 100..20000/100
aircraft (aircraft, aircraft)
  aircraft_id   key
  model         label     Falcon 20|Heron 4|Swift 300|Albatross 9
  pilot_id      ref       pilot.pilot_id
  build_year    year      1985..2022
  seats (number of seats) amount 2..400/2
""",
    """
manufacturer
  id            key
  maker_name    label     Aerion|Skyworks|Nordfly|Condor Aero
  country       category  @country
engine
  id            key
  engine_name   label     Thrust 5|Whisper 2|Gale 90|Zephyr
  manufacturer_id ref     manufacturer.id
  power         level     100..9000/100
engine_test (test, tests)
  id            key
  engine_id     ref       engine.id
  test_date     date      2018-01-01..2023-12-31
  noise         level     60..140
""",
)
