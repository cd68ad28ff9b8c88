"""Banks: accounts, cards and transfers."""

from __future__ import annotations

BANK = (
    """
client
  client_id     key
  name          label     @person
  city          category  @city
  birth_year    year      1940..2004
account
  account_id    key
  client_id     ref       client.client_id
  account_type  category  savings|checking|business
  balance       amount    0..90000/500
  opening_date  date      2005-01-01..2023-12-31
""",
    """
credit_card
  card_number   key
  holder        label     @person
  network       category  Orbit|Corvo|Unity Pay
  credit_limit  level     500..20000/500
  expiry_year   year      2024..2031
  annual_fee    amount?   0..300/10
""",
    """
bank_office (office, offices)
  office_id     key
  office_name   label     Harbour Office|Main Square|West Gate|University Office|Airport Desk
  country       category  @country
advisor
  advisor_id    key
  advisor_name  label     @person
  office_id     ref       bank_office.office_id
  job_title     category  junior|senior|lead
  bonus         amount    0..20000/250
  phone         category? 555-0101|555-0144|555-0178|555-0190
""",
)
