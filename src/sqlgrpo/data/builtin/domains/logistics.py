"""Logistics: warehouses, shipments and drivers."""

from __future__ import annotations

LOGISTICS = (
    """
warehouse
  warehouse_id  key
  location      category  @city
  size          level     500..20000/500
  manager       label     @person
shipment
  shipment_id   key
  warehouse_id  ref       warehouse.warehouse_id
  destination   category  @country
  weight        amount    10..9000/10
  ship_date     date      2022-01-01..2023-12-31
  status        category  packed|sent|delivered|lost
""",
    """
truck
  truck_id      key
  truck_name    label     Atlas|Mule|Long Haul|Badger|Red Ox
  load_limit    level     2000..30000/500
trip
  trip_id       key
  truck_id      ref       truck.truck_id
  driver        label     @person
  distance      amount    20..2500/10
  trip_date     date      2022-01-01..2023-12-31
  toll          amount?   0..300/5
""",
    """
supplier
  supplier_id   key
  company       label     Nordic Paper|Vita Foods|Steelworks Ten|Casa Ceramica|Greenline
  country       category  @country
  rating        level     1..10
  contract_year year      2000..2023
  orders (number of orders) amount 1..500
  contact       category? Mr Adler|Ms Boone|Ms Clarke|Mr Dietz
""",
)
