#include "actors/http_gateway/observe/index_page.hpp"

#include "actors/http_gateway/admission/routes.hpp"

namespace tutti::actors::http_gateway {

std::string index_page(const std::string& node) {
  std::string out = R"(<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>tutti</title>
<style>
body { font: 16px/1.5 system-ui, sans-serif; max-width: 46rem; margin: 2rem auto; padding: 0 1rem; color: #1b1b1f; }
table { border-collapse: collapse; width: 100%; }
th, td { text-align: left; padding: .3rem .6rem; border-bottom: 1px solid #ddd; }
code { font-size: .95em; }
</style>
</head>
<body>
<h1>tutti</h1>
<p>Node <strong>)";
  out += node; // checked by the config: no markup
  out +=
      R"(</strong>. These are its routes; those marked “admin” need the admin token when one is configured.</p>
<table>
<thead><tr><th>Method</th><th>Route</th><th>Access</th></tr></thead>
<tbody>
)";
  for (auto& r : routes()) {
    std::string pattern{r.pattern};
    bool link = r.method == "GET" && pattern.find('{') == std::string::npos;
    out += "<tr><td>" + std::string{r.method} + "</td><td>";
    out += link ? "<a href=\"" + pattern + "\"><code>" + pattern + "</code></a>"
                : "<code>" + pattern + "</code>";
    out += r.needs == access::admin ? "</td><td>admin</td></tr>\n" : "</td><td>open</td></tr>\n";
  }
  out += "</tbody>\n</table>\n</body>\n</html>\n";
  return out;
}

} // namespace tutti::actors::http_gateway
