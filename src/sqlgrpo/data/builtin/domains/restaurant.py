"""Restaurants: dishes, reviews and staff."""

from __future__ import annotations

RESTAURANT = (
    """
restaurant
  restaurant_id key
  name          label     Olive Branch|Blue Door|Saffron House|The Copper Pot|Little Anchor
  cuisine       category  Italian|Thai|Mexican|Greek|Lebanese
  city          category  @city
  seats (number of seats) amount 12..200/2
review
  review_id     key
  restaurant_id ref       restaurant.restaurant_id
  reviewer      label     @person
  stars (number of stars) level 1..5
  review_date   date      2020-01-01..2023-12-31
""",
    """
dish
  dish_id       key
  dish_name     label     lentil soup|grilled trout|mushroom pie|lemon tart|beef stew|rice bowl
  course        category  starter|main|dessert
  price         level     4.0..38.0/0.5
  calories (number of calories) amount 120..1400/10
  spice_level   level?    0..5
""",
    """
chef
  id            key
  chef_name     label     @person
  speciality    category  pastry|seafood|grill|sauces
  experience    level     1..35
recipe
  id            key
  recipe_name   label     fish pie|plum cake|herb bread|pea risotto|duck confit
  chef_id       ref       chef.id
  difficulty    category  easy|medium|hard
  cooking_minutes (cooking time in minutes) level   5..240/5
  servings (number of servings) amount 1..12
""",
)
