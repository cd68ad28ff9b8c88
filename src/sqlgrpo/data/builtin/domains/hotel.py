"""Hotels: rooms, guests and bookings."""

from __future__ import annotations

HOTEL = (
    """
hotel
  hotel_id      key
  hotel_name    label     Grand Marina|Pine Lodge|Casa Sol|Hotel Meridian|The Lantern
  city          category  @city
  stars (number of stars) level 1..5
  rooms (number of rooms) amount 10..400/5
booking
  booking_id    key
  hotel_id      ref       hotel.hotel_id
  guest_name    label     @person
  arrival       date      2022-01-01..2023-12-31
  nights (number of nights) amount 1..21
""",
    """
hotel_room (room, rooms)
  room_number   key
  room_type     category  single|double|suite|family
  floor         level     1..15
  nightly_rate  level     50..600/10
  outlook       category? sea|garden|street|mountain
""",
    """
tour_guide
  guide_id      key
  guide_name    label     @person
  language      category  @language
tour
  tour_id       key
  tour_name     label     Old Harbour|Castle by Night|Street Food|Hidden Gardens|Roof Walk
  guide_id      ref       tour_guide.guide_id
  price         level     10..120/5
  group_size    level     4..30
  season        category  spring|summer|autumn|winter
""",
)
