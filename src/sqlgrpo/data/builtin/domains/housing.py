"""Housing: buildings, flats, agents and sales."""

from __future__ import annotations

HOUSING = (
    """
building
  building_id   key
  address       label     12 Mill Lane|3 Harbour Road|48 Oak Avenue|7 Castle Hill|20 River Walk
  district      category  east|west|centre|harbour
  floors (number of floors) level 1..30
  build_year    year      1880..2022
apartment
  apartment_id  key
  building_id   ref       building.building_id
  bedrooms (number of bedrooms) level 1..6
  rent          level     400..4000/50
  condition     category  new|renovated|old
""",
    """
agent
  id            key
  agent_name    label     @person
  agency        category  Keystone|Bluebrick|Home & Hill
  commission    level     0.5..5.0/0.1
house_sale
  id            key
  agent_id      ref       agent.id
  street        category  @street
  sale_date     date      2020-01-01..2023-12-31
  sale_price    amount    90000..1500000/5000
""",
    """
tenant
  tenant_id     key
  tenant_name   label     @person
  job           category  nurse|teacher|cook|driver|engineer
  income        level     1200..9000/100
  move_in_date (move-in date) date      2012-01-01..2023-12-31
  deposit       amount?   200..4000/100
""",
)
