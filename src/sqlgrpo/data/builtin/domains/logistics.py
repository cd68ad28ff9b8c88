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
    """
country_depot (depot, depots)
  depot_id      key
  depot_name    label     Alpha Depot|Border Depot|Canal Depot|Delta Depot
  country       category  @country
forklift
  forklift_id   key
  serial        label!    FL-11|FL-24|FL-37|FL-48|FL-59
  depot_id      ref       country_depot.depot_id
  lift_height   level     2..12
inspection
  inspection_id key
  forklift_id   ref       forklift.forklift_id
  inspected_on (date) date 2022-01-01..2023-12-31
  result        category  passed|failed|repeat
""",
)
