"""Cinema and television."""

from __future__ import annotations

CINEMA = (
    """
director
  director_id   key
  name          label     @person
  nationality   category  French|Italian|Indian|Japanese|Canadian
  birth_year    year      1920..1990
film
  film_id       key
  title         label     The Last Ferry|Stone Garden|Paper Moons|Night Train|Two Rivers
  director_id   ref       director.director_id
  genre         category  drama|comedy|thriller|western
  running_time  level     70..210
  budget        amount    1000000..90000000/500000
""",
    """
cinemas (cinema, cinemas)
  cinema_id     key
  cinema_name   label     Rialto|Odeon Star|Lumen|Grand Palace|Corner Screen
  city          category  @city
  screens (number of screens) amount 1..20
screening
  screening_id  key
  cinema_id     ref       cinemas.cinema_id
  movie_title   label     Silver Lake|Dust Road|Hidden Door|Summer Rain
  weekday       category  @weekday
  ticket_price  level     6.0..18.0/0.5
""",
    """
series (television series, television series)
  id            key
  series_title  label     Harbour Lights|Dead Reckoning|The Greenhouse|Cold Signal|Family Ties Again
  channel       category  Canal Uno|Nine|Aurora TV|Metro
  language      category  @language
  seasons (number of seasons) amount 1..15
  rating        level     1.0..10.0/0.1
  end_year      year?     1990..2023
""",
    """
actor
  actor_id      key
  actor_name    label     @person
  birth_year    year      1940..2004
play
  play_id       key
  play_title    label     The Visitors|High Water|Glass House|Last Orders
  style         category  comedy|tragedy|musical
stage_role (role, roles)
  role_id       key
  actor_id      ref       actor.actor_id
  play_id       ref       play.play_id
  lines_count (number of lines) amount 5..400/5
""",
)
