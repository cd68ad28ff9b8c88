"""Libraries: books, their authors and their readers."""

from __future__ import annotations

LIBRARY = (
    """
author
  author_id     key
  name          label     @person
  country       category  @country
  birth_year    year      1900..1995
book
  book_id       key
  title         label     Salt Road|The Glass Orchard|Night Ferry|A Quiet Atlas|Paper Lanterns
  author_id     ref       author.author_id
  genre         category  novel|poetry|history|science|travel
  pages (number of pages) amount 80..900/10
  publication_year year   1950..2023
""",
    """
member
  id            key
  member_name   label     @person
  city          category  @city
  join_year     year      2005..2023
loan
  id            key
  member_id     ref       member.id
  book_title    label     River of Ash|Tin Soldiers|The Long Field|Cold Harbour|Blue Mosaic
  loan_date     date      2022-01-01..2023-12-31
  return_date   date?     2022-01-08..2024-01-31
  fine          amount    0.0..25.0/0.5
""",
    """
branches (branch, branches)
  code          key
  branch_name   label     Central|Riverside|Old Town|Northgate|Lakeview|Hillcrest
  district      category  north|south|east|west|centre
  opening_year  year      1920..2015
  floor_area    amount    200..4000/100
  staff_count (number of employees) amount 3..60
  budget        amount?   50000..900000/10000
""",
    """
translator
  id            key
  translator_name label   @person
  language      category  @language
publisher
  id            key
  publisher_name label    Harbour Press|Lantern Books|Oak & Ink|Page Nine
  country       category  @country
translation
  id            key
  translator_id ref       translator.id
  publisher_id  ref       publisher.id
  work_title    label     The Tide|Small Gods of Rain|Iron Summer|Letters Home
  issue_year    year      1980..2023
""",
)
