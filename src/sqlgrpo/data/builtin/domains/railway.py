"""Railways: stations, trains and journeys."""

from __future__ import annotations

RAILWAY = (
    """
station
  station_id    key
  station_name  label     Central|Harbour East|Pine Valley|Old Mill|Airport
  zone          category  A|B|C
  platforms (number of platforms) level 1..16
departure
  departure_id  key
  station_id    ref       station.station_id
  direction     category  @city
  departure_date date     2023-01-01..2024-03-31
  delay         amount    0..120
""",
    """
train
  train_number  key
  train_name    label     Night Arrow|Coast Runner|Alpine Star|City Shuttle|Green Comet
  operator      category  Railix|Norte|TransLine
  max_speed     level     80..320/10
  carriages (number of carriages) level 2..18
ticket
  ticket_id     key
  train_number  ref       train.train_number
  passenger     label     @person
  travel_class  category  first|second
  price         amount    5.0..200.0/0.5
""",
    """
railway_line (line, lines)
  line_id       key
  line_name     label     North Line|Valley Line|Harbour Loop|Summit Line
  region        category  highlands|coast|plains|border
  length_km (length in km) amount 5..700/5
  stops (number of stops) amount 2..60
  electrified_year year?  1930..2020
""",
)
