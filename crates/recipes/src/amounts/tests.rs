//! Tables of parsed and scaled amounts.

use super::*;

#[track_caller]
fn scaled(line: &str, scale: &str) -> String {
    IngredientLine::parse(line).scaled(Ratio::parse(scale).unwrap(), '.')
}

#[track_caller]
fn check(rows: &[(&str, &str, &str)]) {
    let wrong: Vec<_> = rows
        .iter()
        .map(|(line, scale, want)| (line, scale, want, scaled(line, scale)))
        .filter(|(_, _, want, got)| **want != got)
        .map(|(line, scale, want, got)| format!("{line} × {scale}: want {want:?}, got {got:?}"))
        .collect();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn amounts_are_scaled_exactly_in_the_style_of_the_line() {
    check(&[
        ("1/2 cup olive oil", "3", "1 1/2 cups olive oil"),
        ("2-3 Zwiebeln", "2", "4-6 Zwiebeln"),
        ("½ tsp salt", "3", "1½ tsp salt"),
        ("1½ cups milk", "2", "3 cups milk"),
        ("1 ½ tbsp sugar", "3", "4 ½ tbsp sugar"),
        ("1-1/2 cups yogurt", "3", "4-1/2 cups yogurt"),
        ("2 and 1/4 teaspoons yeast", "2", "4 and 1/2 teaspoons yeast"),
        ("1,5 kg Kartoffeln", "3", "4,5 kg Kartoffeln"),
        ("1.5 kg potatoes", "1/2", "0.75 kg potatoes"),
        ("500g/1 lb beef", "2", "1000g/2 lb beef"),
        ("500 g flour", "1/3", "166 2/3 g flour"),
        ("1 egg", "1/2", "1/2 egg"),
        ("½-1 teaspoon pepper flakes", "2", "1-2 teaspoons pepper flakes"),
        ("1 - 2L milk", "3/2", "1.5 - 3L milk"),
        ("1.000 g Mehl", "2", "2.000 g Mehl"),
        ("1,000 g flour", "3/2", "1,500 g flour"),
        ("2 cups flour", "1/2", "1 cup flour"),
        ("1 Cup Sugar", "2", "2 Cups Sugar"),
        ("1 clove(s) of garlic", "2", "2 clove(s) of garlic"),
        (".5 TB allspice", "3", "1.5 TB allspice"),
        ("1 tsp salt", "1/7", "1/7 tsp salt"),
        ("1 tsp salt", "1/97", "0.0103 tsp salt"),
        ("3 cups flour", "1", "3 cups flour"),
        ("A pint and a half of milk", "2", "3 pints of milk"),
        ("a pinch of salt", "3", "3 pinches of salt"),
        ("a few cloves of garlic", "3", "a few cloves of garlic"),
        ("Salt", "3", "Salt"),
        ("half a cup (120g) of mushrooms", "3", "1 1/2 cups (360g) of mushrooms"),
        ("Three or four spoons of cocoa", "2", "6 or 8 spoons of cocoa"),
    ]);
}

#[test]
fn sizes_temperatures_types_and_shares_do_not_scale() {
    check(&[
        ("1 (14 oz) can tomatoes", "2", "2 (14 oz) cans tomatoes"),
        ("1 15 oz can diced tomatoes", "2", "2 15 oz cans diced tomatoes"),
        ("2 x 400g tins tomatoes", "2", "4 x 400g tins tomatoes"),
        ("2x400g tins tomatoes", "2", "4x400g tins tomatoes"),
        ("1 can (10-3/4 ounces) soup", "2", "2 cans (10-3/4 ounces) soup"),
        ("1 bottle 700ml red wine", "2", "2 bottles 700ml red wine"),
        ("2 Dosen à 400 g Tomaten", "2", "4 Dosen à 400 g Tomaten"),
        ("2 (3 1/2) pound whole chickens", "2", "4 (3 1/2) pound whole chickens"),
        ("4 ¼ inch thick steaks", "2", "8 ¼ inch thick steaks"),
        ("1 whole chicken, cut into 10 pieces", "2", "2 whole chicken, cut into 10 pieces"),
        (
            "2-1/2 pounds chicken, cut into 1-1/2-inch cubes",
            "2",
            "5 pounds chicken, cut into 1-1/2-inch cubes",
        ),
        ("225 g 50-70% dark chocolate", "2", "450 g 50-70% dark chocolate"),
        ("⅔ cup water (warm at 75F / 35C)", "3", "2 cups water (warm at 75F / 35C)"),
        (
            "1 pound ground beef (preferably 90/10 or 93/7)",
            "2",
            "2 pounds ground beef (preferably 90/10 or 93/7)",
        ),
        ("200g of flour (T45)", "2", "400g of flour (T45)"),
        ("650 g 00 or 0 flour", "2", "1300 g 00 or 0 flour"),
        ("500 g Mehl Type 550", "2", "1000 g Mehl Type 550"),
        ("Onions (4g per sausage)", "2", "Onions (4g per sausage)"),
        ("1-2 potatoes per serving", "2", "1-2 potatoes per serving"),
        ("Chinese 5 Spice", "2", "Chinese 5 Spice"),
        ("Fish stock (see 2.)", "2", "Fish stock (see 2.)"),
        ("2 thermos, ½l capacity each", "2", "4 thermos, ½l capacity each"),
        ("250g beans (soak 24h before)", "2", "500g beans (soak 24h before)"),
    ]);
}

#[test]
fn totals_and_alternatives_scale() {
    check(&[
        ("1 pound (500g) spaghetti", "2", "2 pounds (1000g) spaghetti"),
        ("900 g (4-5) golden delicious apples", "2", "1800 g (8-10) golden delicious apples"),
        ("1/4 (70g) cup lye", "2", "1/2 (140g) cup lye"),
        ("3 aubergines (900g)", "2", "6 aubergines (1800g)"),
        ("½ cup + 2 tablespoons (150ml) milk", "2", "1 cup + 4 tablespoons (300ml) milk"),
        ("24 oz or 1 jar of sauce", "2", "48 oz or 2 jars of sauce"),
        ("Garlic (4-8 large cloves)", "2", "Garlic (8-16 large cloves)"),
        ("Cucumber, 3 inches", "2", "Cucumber, 6 inches"),
        ("Salt - 1 1/2 teaspoons", "2", "Salt - 3 teaspoons"),
        ("brown beer: 1L | 4 cups", "2", "brown beer: 2L | 8 cups"),
        ("1 (or 2) clove(s) of garlic", "2", "2 (or 4) clove(s) of garlic"),
        ("(optional) ½ cup of cheese", "2", "(optional) 1 cup of cheese"),
        ("Juice of 2-3 Limes", "2", "Juice of 4-6 Limes"),
    ]);
}

#[test]
fn other_languages_scale() {
    check(&[
        ("1 EL Öl", "2", "2 EL Öl"),
        ("1 Dose Tomaten (400 g)", "2", "2 Dosen Tomaten (400 g)"),
        ("1 Prise Salz", "2", "2 Prisen Salz"),
        ("eine halbe Zitrone", "4", "2 Zitrone"),
        ("2 gestrichene TL Backpulver", "2", "4 gestrichene TL Backpulver"),
        ("ein wenig Salz", "2", "ein wenig Salz"),
        ("1/2 Bund Petersilie", "2", "1 Bund Petersilie"),
        ("2 bis 3 Knoblauchzehen", "2", "4 bis 6 Knoblauchzehen"),
        ("1 cuillère à soupe d'huile", "2", "2 cuillères à soupe d'huile"),
        ("1 c. à café de sel", "3/2", "1 1/2 c. à café de sel"),
        ("une pincée de sel", "2", "2 pincées de sel"),
        ("un peu de beurre", "2", "un peu de beurre"),
        ("1,5 l de lait", "2", "3 l de lait"),
        ("2 à 3 gousses d'ail", "2", "4 à 6 gousses d'ail"),
        ("1 cucharada de aceite", "2", "2 cucharadas de aceite"),
        ("media cebolla", "3", "1 1/2 cebolla"),
        ("2 dientes de ajo", "1/2", "1 diente de ajo"),
        ("1 cucchiaio di olio", "2", "2 cucchiai di olio"),
        ("1 spicchio d'aglio", "3", "3 spicchi d'aglio"),
        ("un po' di sale", "3", "un po' di sale"),
        ("阿根廷红虾 2-3 只", "2", "阿根廷红虾 4-6 只"),
        ("海盐 5g", "3", "海盐 15g"),
        ("八角 两个", "2", "八角 4个"),
        ("鸭肉半只（约 1kg）", "3", "鸭肉1.5只（约 3kg）"),
        ("洋葱 一头", "3", "洋葱 3头"),
        ("五花肉 500 克", "2", "五花肉 1000 克"),
        ("青椒 2 个/人", "2", "青椒 2 个/人"),
        ("盐 = 份数 3g", "2", "盐 = 份数 3g"),
        ("鲤鱼 = 约 3 斤", "1/2", "鲤鱼 = 约 1.5 斤"),
        ("温水 100ml（约 40°C）", "2", "温水 200ml（约 40°C）"),
    ]);
}

#[test]
fn units_are_converted_and_lines_that_have_the_system_stay() {
    let convert = |line: &str, to| IngredientLine::parse(line).converted(to, '.');
    for (line, metric) in [
        ("1 cup milk", Some("240 ml milk")),
        ("2 tbsp oil", Some("30 ml oil")),
        ("1/4 tsp salt", Some("1.25 ml salt")),
        ("8 oz cheese", Some("227 g cheese")),
        ("3 lb beef", Some("1.36 kg beef")),
        ("1-2 lbs shrimp", Some("454-907 g shrimp")),
        ("1 (14 oz) can beans", Some("1 (397 g) can beans")),
        ("1 pound (500g) spaghetti", None),
        ("500 g flour", None),
        ("2 onions", None),
        ("1 quart stock", None),
    ] {
        assert_eq!(convert(line, UnitSystem::Metric).as_deref(), metric, "{line}");
    }
    for (line, imperial) in [
        ("240 ml milk", Some("1 cup milk")),
        ("30 ml oil", Some("2 tbsp oil")),
        ("5 ml vanilla", Some("1 tsp vanilla")),
        ("100 ml water", Some("3 1/4 fl oz water")),
        ("80 ml water", Some("1/3 cup water")),
        ("100 g sugar", Some("3 1/2 oz sugar")),
        ("10 g yeast", Some("0.35 oz yeast")),
        ("1 kg potatoes", Some("2.2 lb potatoes")),
        ("1 cup milk", None),
    ] {
        assert_eq!(convert(line, UnitSystem::Imperial).as_deref(), imperial, "{line}");
    }
}

#[test]
fn temperatures_of_steps_are_converted_to_the_nearest_five_degrees() {
    for (text, metric) in [
        ("Bake at 350°F for 20 minutes.", Some("Bake at 175 °C for 20 minutes.")),
        ("Preheat the oven to 400 degrees F.", Some("Preheat the oven to 205 °C.")),
        ("Heat to 350-375F", Some("Heat to 175-190 °C")),
        ("Bake at 350°F (175°C).", None),
        ("Bake at 180°C.", None),
        ("Bake for 20 minutes.", None),
    ] {
        assert_eq!(convert_temperatures(text, UnitSystem::Metric).as_deref(), metric, "{text}");
    }
    let imperial = convert_temperatures("Bei 180 °C backen.", UnitSystem::Imperial);
    assert_eq!(imperial.as_deref(), Some("Bei 355 °F backen."));
}

#[test]
fn a_line_has_amounts_food_and_note() {
    for (line, amounts, food, note) in [
        ("1 1/2 cups flour, sifted", "3/2 cup", "flour", "sifted"),
        ("500g/1 lb beef", "500 g + 1 lb", "beef", ""),
        ("2-3 Zwiebeln", "2-3 -", "Zwiebeln", ""),
        ("1 (14 oz) can black beans, drained", "1 can + [14 oz]", "black beans", "drained"),
        ("Paprika, 2 Tsp", "2 tsp", "Paprika", ""),
        ("Salt - 1 1/2 teaspoons", "3/2 tsp", "Salt", ""),
        ("½ cup of cheese (grated)", "1/2 cup", "cheese", "grated"),
        ("2 gousses d'ail", "2 clove", "ail", ""),
        ("鸡蛋 2 个（约 100g）", "2 piece + 100 g", "鸡蛋", ""),
        ("Salt", "", "Salt", ""),
        ("200 g", "200 g", "", ""),
    ] {
        let parsed = IngredientLine::parse(line).to_parsed();
        assert_eq!(
            (
                &*written(&parsed),
                parsed.food.as_deref().unwrap_or_default(),
                parsed.note.as_deref().unwrap_or_default()
            ),
            (amounts, food, note),
            "{line}"
        );
    }
}

/// The amounts of a line in one text. Those that do not scale are in brackets.
fn written(parsed: &ParsedIngredient) -> String {
    let ratio = |it: Ratio| match it.denominator() {
        1 => it.numerator().to_string(),
        denominator => format!("{}/{denominator}", it.numerator()),
    };
    let amounts = parsed.amounts.iter().map(|amount| {
        let maximum = amount.maximum.map(|it| format!("-{}", ratio(it))).unwrap_or_default();
        let text = format!("{}{maximum} {}", ratio(amount.quantity), amount.unit.unwrap_or("-"));
        if amount.scales { text } else { format!("[{text}]") }
    });
    amounts.collect::<Vec<_>>().join(" + ")
}
