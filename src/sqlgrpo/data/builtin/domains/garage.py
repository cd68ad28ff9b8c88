"""Cars: makers, garages and repairs."""

from __future__ import annotations

GARAGE = (
    """
owner
  owner_id      key
  owner_name    label     @person
  town          category  @city
car
  car_id        key
  plate         label!    KL-204|MN-518|PR-771|ST-092|VX-630
  owner_id      ref       owner.owner_id
  colour        category  @colour
  build_year    year      1990..2023
  mileage       amount    1000..250000/1000
""",
    """
mechanic
  id            key
  mechanic_name label     @person
  skill         category  engine|brakes|paint|electrics
  hourly_rate   level     25..90
repair
  id            key
  mechanic_id   ref       mechanic.id
  vehicle       label     blue van|old tractor|city bus|red coupe|delivery truck
  repair_date   date      2022-01-01..2023-12-31
  hours (number of hours) amount 1..30
  warranty_end  date?     2024-01-01..2026-12-31
""",
    """
car_model
  model_id      key
  model_name    label!    Vento|Astra Nova|Pico|Terrano X|Luxor|Breeze
  maker         category  Korvan|Delmar|Ostrava Motors|Yamato
  body          category  sedan|hatchback|wagon|pickup
  horsepower    level     60..450/5
  doors (number of doors) level 2..5
  top_speed     level?    140..300/5
""",
)
