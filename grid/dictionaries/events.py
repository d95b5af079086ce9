"""Event categories and states.

The category tree is the project's own, made from what public systems and local rules have in
common; a group's code has two digits, a category's four. States are those of ``grid.lifecycle``.
"""

from __future__ import annotations

from grid.dictionaries.lists import Dictionary, parse_labels

EVENT_CATEGORY = Dictionary(
    "event_category",
    1,
    "project; cf. GB/T 31000-2015",
    parse_labels("""
    01|矛盾纠纷|disputes
    0101|婚姻家庭|marriage and family
    0102|邻里|neighbours
    0103|房屋宅基地|houses and homesteads
    0104|山林土地|woodland and land
    0105|征地拆迁|land taking and demolition
    0106|劳资欠薪|wages
    0107|合同借贷|contracts and loans
    0108|损害赔偿|damages
    0109|物业|property management
    0110|医疗|medical
    0111|交通事故|traffic accidents
    0112|消费与生产经营|consumers and business
    0113|环境污染|pollution
    0114|涉海养殖滩涂|sea farming and tidal flats
    0115|校园|school
    0116|宗族坟山水利|clan, graves and water
    0199|其他纠纷|other disputes
    02|社会治安|public order
    0201|可疑人员或盗抢|suspicious persons, theft
    0202|打架醉闹|fights, drunkenness
    0203|赌博|gambling
    0204|涉毒线索|drugs
    0205|涉诈线索|fraud
    0206|非法集资传销|illegal fund-raising
    0207|涉黑恶线索|organised crime
    0208|出租屋未登记|unregistered rental
    0209|走私偷渡|smuggling
    0210|烈性犬|dangerous dogs
    0299|其他治安|other public order
    03|公共安全隐患|safety hazards
    0301|消防通道与电动车充电|fire lanes, e-bike charging
    0302|燃气|gas
    0303|私拉电线|unsafe wiring
    0304|危房与自建房|dangerous houses
    0305|道路交通|road safety
    0306|溺水点|drowning spots
    0307|三小场所|small shops and workshops
    0308|烟花爆竹危化品|fireworks, chemicals
    0309|施工|building sites
    0310|渔船海上|boats and sea
    0311|食品药品与农村聚餐|food and medicine
    0312|电梯特种设备|lifts and machinery
    0399|其他隐患|other hazards
    04|应急灾害|emergencies
    0401|台风暴雨内涝|typhoon, rain, flooding
    0402|滑坡|landslide
    0403|森林火情|forest fire
    0404|风暴潮与渔船回港|storm surge, boats to harbour
    0405|水库河堤|reservoirs and dykes
    0406|停水停电通信中断|outage of water, power, phone
    0407|传染病|infectious disease
    0408|动物疫病|animal disease
    0409|人员走失|missing person
    0499|其他应急|other emergencies
    05|环境卫生|environment
    0501|乱扔与暴露垃圾|litter
    0502|建筑垃圾偷倒|dumped rubble
    0503|污水与黑臭水体|sewage, foul water
    0504|焚烧|burning
    0505|噪声油烟扬尘|noise, fumes, dust
    0506|占道经营|street vending
    0507|乱停车|bad parking
    0508|畜禽散养与病死|livestock
    0509|海岸垃圾|beach litter
    0599|其他环境|other environment
    06|公共设施|public facilities
    0601|路灯|street lights
    0602|道路|roads
    0603|井盖|manhole covers
    0604|供排水|water and drains
    0605|电力通信线|power and phone lines
    0606|公厕健身|toilets and sports
    0607|树木倒伏|fallen trees
    0699|其他设施|other facilities
    07|民生服务|services
    0701|低保特困临时救助|relief
    0702|养老高龄|old age
    0703|残疾人|disabled persons
    0704|社保医保|insurance
    0705|证照代办|papers on behalf
    0706|就业|work
    0707|入学|schooling
    0708|住房|housing
    0709|退役军人|veterans
    0710|妇女儿童与家暴|women, children, violence at home
    0799|其他服务|other services
    08|特殊人群服务|special care
    0801|失联或离开|out of contact
    0802|行为异常|unusual behaviour
    0803|生活困难|hardship
    0804|帮教衔接|guidance and hand-over
    0805|未成年人保护|protection of minors
    09|行政违法线索|breaches of regulations
    0901|违法占地违建|illegal building
    0902|盗采砂石|sand and stone theft
    0903|无证经营|trading without licence
    0904|环境违法|environmental offences
    0905|毁林与非法捕捞|illegal felling and fishing
    0906|食药违法|food and drug offences
    0907|非法营运行医|illegal transport or medicine
    0999|其他违法|other breaches
    10|社情民意|public opinion
    1001|建议|suggestions
    1002|咨询|questions
    1003|信访苗头|petitions
    1004|表扬|praise
    99|其他|other
"""),
)

RESTRICTED_CATEGORIES = frozenset(
    {
        "0204",
        "0205",
        "0207",
        "0209",
        "0710",
        "08",
        "0801",
        "0802",
        "0803",
        "0804",
        "0805",
        "1003",
    }
)
"""Categories that neighbours' gridworkers do not see in the console."""

EVENT_STATUS = Dictionary(
    "event_status",
    1,
    "project; cf. GB/T 30428",
    parse_labels("""
    10|已上报|reported
    11|退回补充|returned for more
    12|不予受理|declined
    20|已受理|accepted
    25|本级处置|handled at this level
    30|待分派|to be assigned
    40|已派遣|assigned
    41|退单待裁定|sent back, to be ruled on
    50|处置中|being handled
    55|协同处置|handled jointly
    52|挂起|suspended
    51|延期|extended
    60|处置完毕|handled, to be verified
    61|核查退回|verification failed
    70|核查通过|verified
    80|已结案|closed
    81|重开|reopened
    90|已归档|archived
    91|作废|void
    92|已撤回|withdrawn
    93|已并案|merged into another
    99|待裁定|contested
"""),
)
