"""Energy: power plants, meters and charging."""

from __future__ import annotations

ENERGY = (
    """
power_plant
  plant_id      key
  plant_name    label!    Ridge Wind Park|Delta Hydro|Sunfield|Old Mill Station|Cape Tidal
  fuel          category  wind|hydro|solar|gas|biomass
  country       category  @country
  capacity_mw (capacity in MW) amount 5..1200/5
  start_year    year      1960..2022
  closing_year  year?     2025..2045
""",
    """
household
  id            key
  family_name   label     @surname
  district      category  Hillside|Docklands|Greenfield|Station Area
  residents (number of residents) amount 1..8
meter_reading
  id            key
  household_id  ref       household.id
  reading_date  date      2022-01-01..2023-12-31
  usage_kwh (usage in kWh) amount 20..900/10
  tariff        category  day|night|flat
""",
    """
charging_point
  point_id      key
  point_code    label!    CP-101|CP-114|CP-207|CP-233|CP-318
  plug_type     category  slow|fast|ultra
  power         level     3..350
charge
  charge_id     key
  point_id      ref       charging_point.point_id
  charge_date   date      2023-01-01..2024-06-30
  minutes (number of minutes) amount 5..240/5
  cost          amount    1.0..80.0/0.5
""",
)
