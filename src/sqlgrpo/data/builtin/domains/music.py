"""Music: artists, albums and concerts."""

from __future__ import annotations

MUSIC = (
    """
artist
  artist_id     key
  stage_name    label     Luna Vale|The Paper Kites Club|Dario Sol|Mira Stone|Echo Harbor
  genre         category  jazz|rock|folk|pop|classical
  debut_year    year      1965..2020
album
  album_id      key
  album_title   label     First Light|Echo Street|Slow Rivers|Amber Days|Concrete Garden
  artist_id     ref       artist.artist_id
  release_year  year      1970..2023
  copies_sold (number of copies sold) amount 1000..900000/1000
""",
    """
concert
  id            key
  venue         label     Apollo Room|Harbour Hall|The Cellar|Open Air Stage|Opera Tent
  city          category  @city
  concert_date  date      2021-01-01..2024-06-30
  ticket_price  level     10..180/5
  tickets_sold (number of tickets sold) amount 50..9000/50
  sponsor       category? Bellbank|Fizzo|Radio Nine
""",
    """
orchestra
  orchestra_id  key
  orchestra_name label    City Strings|Royal Winds|Chamber Nine|Valley Philharmonic
  country       category  @country
musician
  musician_id   key
  musician_name label     @person
  orchestra_id  ref       orchestra.orchestra_id
  instrument    category  violin|cello|flute|oboe|trumpet
  joined_year   year      1980..2022
  monthly_pay   amount    1500..9000/100
""",
    """
composer
  id            key
  composer_name label     @person
  era           category  baroque|classical|romantic|modern
piece
  id            key
  piece_title   label     Night Suite|River Sonata|Dawn March|Little Waltz
  composer_id   ref       composer.id
  minutes (number of minutes) level 2..70
performance
  id            key
  piece_id      ref       piece.id
  hall          category  Blue Hall|Old Church|City Stage
  audience      amount    20..3000/10
""",
)
