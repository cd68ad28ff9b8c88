"""Sport: clubs, players and matches."""

from __future__ import annotations

SPORT = (
    """
team
  team_id       key
  team_name     label     River Hawks|Iron Bears|Coast Lions|Valley Foxes|Storm Wolves|Red Kites
  city          category  @city
  founded_year  year      1880..2010
player
  player_id     key
  name          label     @person
  team_id       ref       team.team_id
  position      category  goalkeeper|defender|midfielder|forward
  goals (number of goals) amount 0..40
  height        level     160..205
""",
    """
stadium
  id            key
  stadium_name  label     North Park|Unity Arena|Old Field|Lakeside Bowl|Summit Ground
  country       category  @country
  capacity      amount    5000..90000/1000
matches (match, matches)
  id            key
  stadium_id    ref       stadium.id
  match_date    date      2020-01-01..2023-12-31
  attendance    amount    1000..80000/500
  season        category  spring|summer|autumn|winter
""",
    """
runner
  runner_id     key
  runner_name   label     @person
  nationality   category  Kenyan|Norwegian|Japanese|Italian|Peruvian|Turkish
  club          category? Harriers|Striders|Roadrunners|Milers
  age           level     18..70
  best_time     level     28.0..75.0/0.1
  races (number of races) amount 1..60
""",
    """
league
  league_id     key
  league_name   label     Premier Cup|Coastal League|Amateur Series|Veterans Trophy
  founded_year  year      1890..2010
squad
  squad_id      key
  squad_name    label     Otters|Panthers|Cranes|Mustangs|Cobras
  league_id     ref       league.league_id
  points (number of points) amount 0..90
coach
  coach_id      key
  coach_name    label     @person
  squad_id      ref       squad.squad_id
  contract_end  date      2023-06-30..2027-06-30
""",
)
