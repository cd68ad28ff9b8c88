"""Museums: exhibits, exhibitions and visits."""

from __future__ import annotations

MUSEUM = (
    """
museum
  museum_id     key
  museum_name   label     Maritime Hall|House of Clay|Gallery Nine|Clock Museum|City Archive
  city          category  @city
  opening_year  year      1850..2015
exhibit
  exhibit_id    key
  exhibit_title label     Iron Swan|Blue Vase|Silent Map|Stone Lion|Golden Loom
  museum_id     ref       museum.museum_id
  material      category  bronze|marble|wood|glass|paper
  insured_value amount    1000..900000/1000
""",
    """
painter
  id            key
  painter_name  label     @person
  movement      category  realism|cubism|romanticism|abstract
  birth_year    year      1600..1980
  death_year    year?     1650..2022
painting
  id            key
  painting_title label    Evening Tide|Two Chairs|The Orchard|Self Portrait|Grey Morning
  painter_id    ref       painter.id
  height_cm (height in cm) level 20..300
  price         amount    500..2000000/500
""",
    """
exhibition
  exhibition_id key
  theme         label     Ancient Toys|Early Cameras|Deep Sea|Paper and Ink|Space Age
  hall          category  north hall|south hall|atrium
  start_date    date      2021-01-01..2024-06-30
  visitors (number of visitors) amount 200..90000/100
  entry_fee     level     0..40
""",
    """
donor
  donor_id      key
  donor_name    label     @person
  country       category  @country
collection
  collection_id key
  collection_name label   Maps|Coins|Fossils|Masks|Clocks
  curator       label     @person
donation
  donation_id   key
  donor_id      ref       donor.donor_id
  collection_id ref       collection.collection_id
  donation_year year      1950..2023
  amount        amount    100..90000/100
""",
)
