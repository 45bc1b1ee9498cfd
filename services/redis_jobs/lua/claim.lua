-- ARGV: prefix; then claims. → their answers
return (claim_all(2))
