"""The gold tables of the demo, and the question it answers."""

from __future__ import annotations

from typing import Any

_LINES = """unnest(from_json(items, '[{"sku":"VARCHAR","quantity":"BIGINT","unit_price":"DECIMAL(14,2)"}]'))"""

BY_SQL = {
    "orders_to_check": f"""
WITH lines AS (SELECT order_id, {_LINES} AS line FROM silver.orders),
     sums AS (SELECT order_id, sum(line.quantity * line.unit_price) AS lines FROM lines GROUP BY order_id)
SELECT o._rid AS order_rid, o.order_id, o.currency, o.total, s.lines, o.total - s.lines AS difference
FROM silver.orders o JOIN sums s USING (order_id)
WHERE abs(o.total - s.lines) >= 0.01
ORDER BY abs(o.total - s.lines) DESC""",
    "revenue_by_country_month": """
SELECT coalesce(name, country_code) AS country, date_trunc('month', ordered_at)::DATE AS month,
       count(*) AS orders, round(sum(total_eur), 2) AS revenue_eur
FROM silver.orders
WHERE status NOT IN ('cancelled', 'returned') AND order_id NOT IN (SELECT order_id FROM gold.orders_to_check)
GROUP BY ALL ORDER BY ALL""",
    "sales_by_category": f"""
WITH lines AS (SELECT order_id, rate_per_eur, {_LINES} AS line FROM silver.orders
               WHERE status NOT IN ('cancelled', 'returned'))
SELECT p.category, sum(line.quantity) AS pieces, round(sum(line.quantity * line.unit_price / rate_per_eur), 2) AS eur
FROM lines JOIN silver.products p ON p.sku = line.sku
GROUP BY ALL ORDER BY eur DESC""",
}
BY_GROUPS: dict[str, dict[str, Any]] = {
    "orders_by_status": {
        "source": "silver.orders",
        "group_by": ["status"],
        "aggregations": {
            "orders": {"field": "*", "function": "count"},
            "revenue_eur": {"field": "total_eur", "function": "sum"},
        },
    },
}

QUESTION = "Which markets grew most from the first to the second half of the year?"
ANSWER = """
WITH halves AS (
  SELECT country, sum(revenue_eur) FILTER (WHERE month(month) <= 6) AS first_half,
         sum(revenue_eur) FILTER (WHERE month(month) > 6) AS second_half
  FROM gold.revenue_by_country_month GROUP BY country)
SELECT country, first_half, second_half, round(100 * (second_half / first_half - 1), 1) AS growth_percent
FROM halves WHERE first_half > 0 ORDER BY growth_percent DESC, country LIMIT 5"""
