"""Politics: parties, candidates and towns."""

from __future__ import annotations

ELECTION = (
    """
party
  party_id      key
  party_name    label     Green Union|Civic Front|Labour List|Free Voters|New Centre
  colour        category  @colour
  founded_year  year      1890..2020
candidate
  candidate_id  key
  candidate_name label    @person
  party_id      ref       party.party_id
  region        category  north|south|east|west
  votes (number of votes) amount 200..90000/100
  age           level     21..80
""",
    """
county
  county_id     key
  county_name   label!    Ashford|Brindale|Corwen|Dunmore|Elswick
  population    amount    5000..900000/1000
  area          amount    50..9000/50
mayor
  mayor_id      key
  mayor_name    label     @person
  county_id     ref       county.county_id
  elected_year  year      1990..2023
  salary        level     20000..120000/1000
  term          category  first|second|third
""",
    """
law
  law_id        key
  law_title     label     Clean Rivers Act|Night Trains Act|School Meals Act|Open Data Act
  topic         category  transport|health|education|environment
  proposed_date date      2015-01-01..2023-12-31
  votes_for (number of votes for it) amount 20..400/5
  passed_year   year?     2016..2024
""",
)
