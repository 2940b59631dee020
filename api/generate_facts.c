/* The generator's tables; what they rest on is told in data/README.md. Each line may be argued with on its own. */
#include "generate_facts.h"

#include <stddef.h>

const char *const GRADE_NAMES[GRADES] = {"band_8a", "band_8b", "band_8c", "band_8d", "band_9", "vsm", "appointee"};

/* Agenda for Change, England, 2025/26. */
const int32_t BAND_PAY[VSM][BAND_POINTS] = {
    {55690, 58487, 62682},    /* band 8a */
    {64455, 68631, 74896},    /* 8b */
    {76965, 81652, 88682},    /* 8c */
    {91342, 96941, 105337},   /* 8d */
    {109179, 115763, 125637}, /* 9 */
};

const char *const DOMAIN_NAMES[DOMAINS] = {
    "quality_outcomes", "strategy_transformation", "equality_inequalities", "governance_assurance",
    "culture",          "partners_communities",
};

const struct role_facts ROLE[ROLES] = {
    [CHIEF_EXECUTIVE] =
        {
            .name = "chief_executive",
            .titles = {"Chief executive", "Chief executive"},
            .posts = 35,
            .leaders = 45,
            .post_grades = {[VSM] = 100},
            .leader_grades = {[BAND_9] = 8, [VSM] = 92},
            .board = 100,
            .pay_low = 165000,
            .pay_high = 265000,
            .professions = {{"nmc", 14}, {"gmc", 12}, {"ccab", 14}},
            .earlier = {{CHIEF_OPERATING_OFFICER, 40},
                        {FINANCE_DIRECTOR, 20},
                        {STRATEGY_DIRECTOR, 20},
                        {CHIEF_NURSE, 15},
                        {MEDICAL_DIRECTOR, 12}},
            .needs =
                {[QUALITY] = 38, [STRATEGY] = 42, [EQUALITY] = 36, [GOVERNANCE] = 42, [CULTURE] = 42, [PARTNERS] = 42},
        },
    [CHIEF_OPERATING_OFFICER] =
        {
            .name = "chief_operating_officer",
            .titles = {"Chief operating officer", "Deputy chief executive and chief operating officer"},
            .posts = 65,
            .leaders = 70,
            .post_grades = {[VSM] = 100},
            .leader_grades = {[BAND_9] = 22, [VSM] = 78},
            .board = 100,
            .pay_low = 130000,
            .pay_high = 185000,
            .professions = {{"nmc", 18}, {"hcpc", 8}},
            .earlier = {{DIVISIONAL_DIRECTOR, 70}, {GENERAL_MANAGER, 40}, {CHIEF_EXECUTIVE, 10}},
            .needs =
                {[QUALITY] = 42, [STRATEGY] = 34, [EQUALITY] = 30, [GOVERNANCE] = 36, [CULTURE] = 36, [PARTNERS] = 32},
        },
    [MEDICAL_DIRECTOR] =
        {
            .name = "medical_director",
            .titles = {"Chief medical officer", "Medical director"},
            .posts = 55,
            .leaders = 70,
            .post_grades = {[VSM] = 100},
            .leader_grades = {[BAND_9] = 25, [VSM] = 75},
            .board = 100,
            .pay_low = 150000,
            .pay_high = 215000,
            .asks_for = "gmc",
            .asks_percent = 100,
            .professions = {{"gmc", 99}},
            .earlier = {{CLINICAL_DIRECTOR, 80}, {DIVISIONAL_DIRECTOR, 20}, {CHIEF_EXECUTIVE, 5}},
            .needs =
                {[QUALITY] = 44, [STRATEGY] = 32, [EQUALITY] = 32, [GOVERNANCE] = 38, [CULTURE] = 36, [PARTNERS] = 30},
        },
    [CHIEF_NURSE] =
        {
            .name = "chief_nurse",
            .titles = {"Chief nurse", "Chief nursing officer"},
            .posts = 60,
            .leaders = 80,
            .post_grades = {[VSM] = 100},
            .leader_grades = {[BAND_9] = 25, [VSM] = 75},
            .board = 100,
            .pay_low = 125000,
            .pay_high = 175000,
            .asks_for = "nmc",
            .asks_percent = 100,
            .professions = {{"nmc", 99}},
            .earlier = {{DIVISIONAL_DIRECTOR, 30}, {DIRECTOR_OF_MIDWIFERY, 15}, {CHIEF_EXECUTIVE, 5}},
            .needs =
                {[QUALITY] = 44, [STRATEGY] = 30, [EQUALITY] = 36, [GOVERNANCE] = 38, [CULTURE] = 42, [PARTNERS] = 32},
        },
    [FINANCE_DIRECTOR] =
        {
            .name = "finance_director",
            .titles = {"Chief finance officer", "Director of finance"},
            .posts = 65,
            .leaders = 70,
            .post_grades = {[VSM] = 100},
            .leader_grades = {[BAND_9] = 25, [VSM] = 75},
            .board = 100,
            .pay_low = 130000,
            .pay_high = 190000,
            .asks_for = "ccab",
            .asks_percent = 100,
            .professions = {{"ccab", 97}},
            .earlier = {{STRATEGY_DIRECTOR, 25}, {CHIEF_OPERATING_OFFICER, 8}},
            .needs =
                {[QUALITY] = 30, [STRATEGY] = 38, [EQUALITY] = 24, [GOVERNANCE] = 44, [CULTURE] = 28, [PARTNERS] = 30},
        },
    [PEOPLE_DIRECTOR] =
        {
            .name = "people_director",
            .titles = {"Chief people officer", "Director of people"},
            .posts = 50,
            .leaders = 50,
            .post_grades = {[VSM] = 100},
            .leader_grades = {[BAND_9] = 30, [VSM] = 70},
            .board = 100,
            .pay_low = 115000,
            .pay_high = 160000,
            .asks_for = "cipd",
            .asks_percent = 35,
            .professions = {{"cipd", 78}},
            .earlier = {{STRATEGY_DIRECTOR, 15}},
            .needs =
                {[QUALITY] = 28, [STRATEGY] = 36, [EQUALITY] = 42, [GOVERNANCE] = 32, [CULTURE] = 44, [PARTNERS] = 28},
        },
    [STRATEGY_DIRECTOR] =
        {
            .name = "strategy_director",
            .titles = {"Director of strategy and partnerships", "Chief strategy officer"},
            .posts = 45,
            .leaders = 45,
            .post_grades = {[BAND_9] = 30, [VSM] = 70},
            .leader_grades = {[BAND_8D] = 10, [BAND_9] = 40, [VSM] = 50},
            .board = 60,
            .pay_low = 110000,
            .pay_high = 150000,
            .professions = {{"nmc", 6}, {"gmc", 4}},
            .earlier = {{DIVISIONAL_DIRECTOR, 35}, {DIGITAL_DIRECTOR, 10}},
            .needs =
                {[QUALITY] = 30, [STRATEGY] = 44, [EQUALITY] = 34, [GOVERNANCE] = 30, [CULTURE] = 30, [PARTNERS] = 42},
        },
    [DIGITAL_DIRECTOR] =
        {
            .name = "digital_director",
            .titles = {"Chief digital and information officer", "Director of digital"},
            .posts = 40,
            .leaders = 40,
            .post_grades = {[BAND_9] = 40, [VSM] = 60},
            .leader_grades = {[BAND_8D] = 15, [BAND_9] = 45, [VSM] = 40},
            .board = 50,
            .pay_low = 110000,
            .pay_high = 155000,
            .professions = {{"nmc", 4}, {"gmc", 4}},
            .earlier = {{STRATEGY_DIRECTOR, 15}, {ESTATES_DIRECTOR, 8}},
            .needs =
                {[QUALITY] = 30, [STRATEGY] = 42, [EQUALITY] = 26, [GOVERNANCE] = 34, [CULTURE] = 28, [PARTNERS] = 28},
        },
    [ESTATES_DIRECTOR] =
        {
            .name = "estates_director",
            .titles = {"Director of estates and facilities", "Chief estates officer"},
            .posts = 35,
            .leaders = 20,
            .post_grades = {[BAND_9] = 55, [VSM] = 45},
            .leader_grades = {[BAND_8D] = 20, [BAND_9] = 45, [VSM] = 35},
            .board = 40,
            .pay_low = 105000,
            .pay_high = 145000,
            .earlier = {{GENERAL_MANAGER, 20}, {CHIEF_OPERATING_OFFICER, 6}},
            .needs =
                {[QUALITY] = 28, [STRATEGY] = 34, [EQUALITY] = 22, [GOVERNANCE] = 38, [CULTURE] = 26, [PARTNERS] = 26},
        },
    [DIRECTOR_OF_MIDWIFERY] =
        {
            .name = "director_of_midwifery",
            .titles = {"Director of midwifery", "Director of midwifery and neonatal care"},
            .posts = 45,
            .leaders = 55,
            .post_grades = {[BAND_8D] = 40, [BAND_9] = 60},
            .leader_grades = {[BAND_8C] = 15, [BAND_8D] = 50, [BAND_9] = 35},
            .pay_low = 110000,
            .pay_high = 130000,
            .asks_for = "nmc",
            .asks_percent = 100,
            .professions = {{"nmc", 99}},
            .earlier = {{DIVISIONAL_DIRECTOR, 20}, {CHIEF_NURSE, 8}},
            .needs =
                {[QUALITY] = 44, [STRATEGY] = 28, [EQUALITY] = 40, [GOVERNANCE] = 36, [CULTURE] = 40, [PARTNERS] = 34},
        },
    [CLINICAL_DIRECTOR] =
        {
            .name = "clinical_director",
            .titles = {"Clinical director", "Clinical director"},
            .area = true,
            .posts = 110,
            .leaders = 115,
            .post_grades = {[BAND_9] = 100},
            .leader_grades = {[BAND_8D] = 15, [BAND_9] = 85},
            .pay_low = 120000,
            .pay_high = 150000,
            .asks_for = "gmc",
            .asks_percent = 70,
            .professions = {{"gmc", 82}, {"nmc", 7}, {"hcpc", 6}, {"gphc", 4}},
            .earlier = {{DIVISIONAL_DIRECTOR, 30}, {MEDICAL_DIRECTOR, 12}},
            .needs =
                {[QUALITY] = 42, [STRATEGY] = 28, [EQUALITY] = 30, [GOVERNANCE] = 30, [CULTURE] = 34, [PARTNERS] = 26},
        },
    [DIVISIONAL_DIRECTOR] =
        {
            .name = "divisional_director",
            .titles = {"Divisional director", "Director of operations"},
            .area = true,
            .posts = 115,
            .leaders = 95,
            .post_grades = {[BAND_8D] = 50, [BAND_9] = 45, [VSM] = 5},
            .leader_grades = {[BAND_8C] = 10, [BAND_8D] = 45, [BAND_9] = 37, [VSM] = 8},
            .pay_low = 115000,
            .pay_high = 140000,
            .professions = {{"nmc", 20}, {"hcpc", 10}, {"gmc", 4}, {"gphc", 2}},
            .earlier = {{GENERAL_MANAGER, 70}, {CHIEF_OPERATING_OFFICER, 12}},
            .needs =
                {[QUALITY] = 38, [STRATEGY] = 34, [EQUALITY] = 30, [GOVERNANCE] = 34, [CULTURE] = 36, [PARTNERS] = 28},
        },
    [GENERAL_MANAGER] =
        {
            .name = "general_manager",
            .titles = {"General manager", "Deputy director"},
            .area = true,
            .posts = 140,
            .leaders = 115,
            .post_grades = {[BAND_8A] = 8, [BAND_8B] = 35, [BAND_8C] = 37, [BAND_8D] = 20},
            .leader_grades = {[BAND_8A] = 18, [BAND_8B] = 35, [BAND_8C] = 32, [BAND_8D] = 15},
            .pay_low = 110000,
            .pay_high = 125000,
            .professions = {{"nmc", 20}, {"hcpc", 12}, {"gphc", 2}},
            .earlier = {{DIVISIONAL_DIRECTOR, 18}},
            .needs =
                {[QUALITY] = 34, [STRATEGY] = 28, [EQUALITY] = 26, [GOVERNANCE] = 30, [CULTURE] = 32, [PARTNERS] = 24},
        },
    [CHAIR] =
        {
            .name = "chair",
            .titles = {"Chair", "Chair of the board"},
            .posts = 45,
            .leaders = 50,
            .post_grades = {[APPOINTEE] = 100},
            .leader_grades = {[VSM] = 12, [APPOINTEE] = 88},
            .board = 100,
            .pay_low = 150000,
            .pay_high = 200000,
            .professions = {{"ccab", 18}, {"gmc", 5}, {"nmc", 4}},
            .earlier = {{NON_EXECUTIVE, 85}, {CHIEF_EXECUTIVE, 25}},
            .needs =
                {[QUALITY] = 34, [STRATEGY] = 38, [EQUALITY] = 36, [GOVERNANCE] = 44, [CULTURE] = 38, [PARTNERS] = 42},
        },
    [NON_EXECUTIVE] =
        {
            .name = "non_executive",
            .titles = {"Non-executive director", "Non-executive director"},
            .area = true,
            .posts = 95,
            .leaders = 80,
            .post_grades = {[APPOINTEE] = 100},
            .leader_grades = {[BAND_9] = 8, [VSM] = 20, [APPOINTEE] = 72},
            .board = 100,
            .pay_low = 120000,
            .pay_high = 170000,
            .professions = {{"ccab", 24}, {"gmc", 6}, {"nmc", 5}, {"cipd", 5}},
            .earlier =
                {{CHAIR, 12}, {FINANCE_DIRECTOR, 12}, {CHIEF_EXECUTIVE, 10}, {MEDICAL_DIRECTOR, 5}, {CHIEF_NURSE, 5}},
            .needs =
                {[QUALITY] = 20, [STRATEGY] = 20, [EQUALITY] = 20, [GOVERNANCE] = 22, [CULTURE] = 20, [PARTNERS] = 20},
        },
};

const struct seat SEATS[SEAT_COUNT] = {
    {"chair of the audit committee", {GOVERNANCE, STRATEGY}, "ccab"},
    {"chair of the quality committee", {QUALITY, CULTURE}, NULL},
    {"people and culture", {CULTURE, EQUALITY}, NULL},
    {"digital and transformation", {STRATEGY, GOVERNANCE}, NULL},
    {"communities and health inequalities", {PARTNERS, EQUALITY}, NULL},
};

const struct area_profession AREA_PROFESSIONS[AREA_PROFESSION_COUNT] = {
    {"dental services", "gdc"},    {"pharmacy", "gphc"},
    {"therapies", "hcpc"},         {"rehabilitation and therapies", "hcpc"},
    {"talking therapies", "hcpc"}, {"clinical hub", "hcpc"},
    {"community nursing", "nmc"},
};

const struct kind KINDS[KIND_COUNT] = {
    {"acute",
     "acute",
     {"urgent and emergency care", "surgery and theatres", "acute medicine", "women's and children's services",
      "cancer services", "diagnostics and imaging", "critical care", "older people and frailty"}},
    {"acute_specialist",
     "acute",
     {"surgery and theatres", "outpatients", "critical care", "diagnostics and imaging", "cancer services", "research",
      "pharmacy", "therapies"}},
    {"mental_health",
     "mental_health",
     {"community mental health", "inpatient wards", "children and young people", "learning disability and autism",
      "crisis and liaison", "forensic services", "older people", "talking therapies"}},
    {"community",
     "community",
     {"community nursing", "children's services", "rehabilitation and therapies", "urgent community response",
      "dental services", "sexual health", "intermediate care", "long-term conditions"}},
    {"ambulance",
     "ambulance",
     {"emergency operations centre", "field operations", "patient transport", "NHS 111", "clinical hub",
      "fleet and logistics", "resilience", "urgent care"}},
};

const char *const OTHER_SECTORS[OTHER_SECTOR_COUNT] = {
    "primary_care", "commissioning", "social_care", "local_government", "central_government",
    "armed_forces", "voluntary",     "education",   "private",
};

const char *const NEIGHBOURS[NEIGHBOUR_COUNT][2] = {
    {"East of England", "London"},
    {"East of England", "Midlands"},
    {"East of England", "South East"},
    {"London", "South East"},
    {"Midlands", "North East and Yorkshire"},
    {"Midlands", "North West"},
    {"Midlands", "South East"},
    {"Midlands", "South West"},
    {"North East and Yorkshire", "North West"},
    {"South East", "South West"},
};

const struct package PACKAGES[PACKAGE_COUNT] = {
    {
        .id = "P00",
        .name = "Standard terms",
        .stock_per_100_posts = NO_LIMIT,
        .segments = "",
    },
    {
        .id = "P01",
        .name = "Relocation",
        .relocation_gbp = 8000,
        .local_gbp = 4000,
        .central_gbp = 4500,
        .stock_per_100_posts = 40,
        .segments = "",
    },
    {
        .id = "P02",
        .name = "Pay premium for a challenged organisation",
        .premium_tenths = 150,
        .local_gbp = 500,
        .stock_per_100_posts = NO_LIMIT,
        .segments = "3;4;5",
    },
    {
        .id = "P03",
        .name = "Development, with a right to return",
        .development_days = 15,
        .return_right_months = 24,
        .local_gbp = 3000,
        .central_gbp = 6000,
        .stock_per_100_posts = 40,
        .segments = "",
    },
    {
        .id = "P04",
        .name = "Peer network and mentor",
        .peer_network = 1,
        .mentor_hours = 20,
        .local_gbp = 800,
        .central_gbp = 2600,
        .stock_per_100_posts = NO_LIMIT,
        .segments = "3;4;5",
    },
    {
        .id = "P05",
        .name = "Flexible weeks, with a right to return",
        .flexible_days = 50,
        .return_right_months = 12,
        .peer_network = 1,
        .local_gbp = 3500,
        .central_gbp = 600,
        .stock_per_100_posts = NO_LIMIT,
        .segments = "",
    },
    {
        .id = "P06",
        .name = "Full package: pay, home, growth and support",
        .premium_tenths = 150,
        .relocation_gbp = 8000,
        .development_days = 20,
        .flexible_days = 25,
        .return_right_months = 24,
        .peer_network = 1,
        .mentor_hours = 40,
        .local_gbp = 8000,
        .central_gbp = 20000,
        .stock_per_100_posts = 20,
        .segments = "4;5",
    },
    {
        .id = "P07",
        .name = "Exceptional pay, above the cap of today's rules",
        .premium_tenths = 200,
        .local_gbp = 500,
        .stock_per_100_posts = NO_LIMIT,
        .segments = "4;5",
    },
};
