"""Shops: products, customers and orders."""

from __future__ import annotations

SHOP = (
    """
customer
  customer_id   key
  name          label     @person
  city          category  @city
  birth_year    year      1940..2005
purchase
  purchase_id   key
  customer_id   ref       customer.customer_id
  purchase_date date      2022-01-01..2023-12-31
  total         amount    5..900/5
  payment_method category cash|card|voucher|transfer
""",
    """
product
  id            key
  product_name  label     desk lamp|kettle|wool blanket|garden hose|toaster|bookshelf|wall clock
  category      category  kitchen|garden|office|bedroom
  price         level     4.0..250.0/0.5
  stock         amount    0..400/5
  weight        level?    0.1..30.0/0.1
""",
    """
brand
  brand_id      key
  brand_name    label     Nordhaus|Velora|Tessio|Kumori|Alpenglow|Brightwell
  country       category  @country
  founding_year year      1890..2018
shoe
  shoe_id       key
  model         label     Trail One|City Walk|Peak Runner|Soft Step|Storm Boot
  brand_id      ref       brand.brand_id
  colour        category  @colour
  size          level     35..47
  price         level     30..260/5
""",
    """
region
  region_id     key
  region_name   label     Northlands|Midlands|Southshore|Eastvale
  population    amount    50000..900000/10000
store
  store_id      key
  store_name    label     Corner Shop|Mega Mart|Green Basket|Daily Stop
  region_id     ref       region.region_id
  store_type    category  small|medium|large
sale
  sale_id       key
  store_id      ref       store.store_id
  sale_date     date      2022-01-01..2023-12-31
  amount        amount    5..900/5
""",
)
