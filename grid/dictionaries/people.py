"""Coded lists about people, after the national standards named on each."""

from __future__ import annotations

from grid.dictionaries.lists import Dictionary, parse_labels

SEX = Dictionary(
    "sex",
    1,
    "GB/T 2261.1-2003",
    parse_labels("""
    0|未知|unknown
    1|男|male
    2|女|female
    9|未说明|not stated
"""),
)

MARITAL = Dictionary(
    "marital",
    1,
    "GB/T 2261.2-2003",
    parse_labels("""
    10|未婚|single
    20|已婚|married
    21|初婚|first marriage
    22|再婚|remarried
    23|复婚|restored marriage
    30|丧偶|widowed
    40|离婚|divorced
    90|未说明|not stated
"""),
)

EDUCATION = Dictionary(
    "education",
    1,
    "GB/T 4658-2006",
    parse_labels("""
    10|研究生|postgraduate
    20|本科|bachelor
    30|专科|junior college
    40|中职|vocational school
    60|高中|senior secondary
    70|初中|junior secondary
    80|小学|primary
    90|其他|other
"""),
)

KINSHIP = Dictionary(
    "kinship",
    1,
    "GB/T 4761-2008",
    parse_labels("""
    0|户主|head
    1|配偶|spouse
    2|子|son
    3|女|daughter
    4|孙子女|grandchild
    5|父母|parent
    6|祖父母|grandparent
    7|兄弟姐妹|sibling
    8|其他|other
"""),
)

POLITICS = Dictionary(
    "politics",
    1,
    "GB/T 4762-1984",
    parse_labels("""
    01|中共党员|CPC member
    02|中共预备党员|probationary CPC member
    03|共青团员|CYL member
    04|民革党员|RCCK member
    05|民盟盟员|CDL member
    06|民建会员|CNDCA member
    07|民进会员|CAPD member
    08|农工党党员|CPWDP member
    09|致公党党员|CZGP member
    10|九三学社社员|Jiusan member
    11|台盟盟员|TDSL member
    12|无党派人士|no party, public figure
    13|群众|none
"""),
)

ETHNIC = Dictionary(
    "ethnic",
    1,
    "GB/T 3304-1991",
    parse_labels("""
    01|汉族|Han
    02|蒙古族|Mongol
    03|回族|Hui
    04|藏族|Tibetan
    05|维吾尔族|Uyghur
    06|苗族|Miao
    07|彝族|Yi
    08|壮族|Zhuang
    09|布依族|Buyei
    10|朝鲜族|Korean
    11|满族|Manchu
    12|侗族|Dong
    13|瑶族|Yao
    14|白族|Bai
    15|土家族|Tujia
    16|哈尼族|Hani
    17|哈萨克族|Kazak
    18|傣族|Dai
    19|黎族|Li
    20|傈僳族|Lisu
    21|佤族|Va
    22|畲族|She
    23|高山族|Gaoshan
    24|拉祜族|Lahu
    25|水族|Sui
    26|东乡族|Dongxiang
    27|纳西族|Naxi
    28|景颇族|Jingpo
    29|柯尔克孜族|Kirgiz
    30|土族|Tu
    31|达斡尔族|Daur
    32|仫佬族|Mulao
    33|羌族|Qiang
    34|布朗族|Blang
    35|撒拉族|Salar
    36|毛南族|Maonan
    37|仡佬族|Gelao
    38|锡伯族|Xibe
    39|阿昌族|Achang
    40|普米族|Pumi
    41|塔吉克族|Tajik
    42|怒族|Nu
    43|乌孜别克族|Uzbek
    44|俄罗斯族|Russian
    45|鄂温克族|Ewenki
    46|德昂族|Deang
    47|保安族|Bonan
    48|裕固族|Yugur
    49|京族|Gin
    50|塔塔尔族|Tatar
    51|独龙族|Derung
    52|鄂伦春族|Oroqen
    53|赫哲族|Hezhen
    54|门巴族|Monba
    55|珞巴族|Lhoba
    56|基诺族|Jino
    97|其他|other
    98|外国血统|foreign descent
"""),
)
