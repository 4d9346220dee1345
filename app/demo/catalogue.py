"""Who makes what in the demo. Specialities and communes are real; organisations are invented and marked as examples."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from app.domain.organisations import OrganisationKind as Kind
from app.domain.products import ProductGroup as Group


class Motif(StrEnum):
    """What a drawn picture shows."""

    LEAF = "leaf"
    FRUIT = "fruit"
    JAR = "jar"
    BAG = "bag"
    BOTTLE = "bottle"
    GRAIN = "grain"
    CUP = "cup"
    HERB = "herb"
    CLOTH = "cloth"
    BASKET = "basket"
    MEAT = "meat"
    FLOWER = "flower"
    HOUSE = "house"


@dataclass(frozen=True, slots=True)
class Maker:
    """An invented organisation in a real commune."""

    name: str
    kind: Kind
    commune: str
    address: str
    story: str


@dataclass(frozen=True, slots=True)
class Good:
    """A product of the maker at `maker` in `MAKERS`."""

    maker: int
    name: str
    name_en: str
    group: Group
    motif: Motif
    pack: str
    days: int | None
    ingredients: str
    description: str


MAKERS = (
    Maker(
        "HTX Chè Tà Xùa (ví dụ)", Kind.HTX, "03868", "Bản Bẹ, xã Tà Xùa", "Hái chè từ những cây Shan cổ thụ trên mây."
    ),
    Maker("HTX Mận hậu Mộc Châu (ví dụ)", Kind.HTX, "03980", "Tiểu khu 12, phường Mộc Châu", "Vườn mận trăm hộ."),
    Maker(
        "Công ty TNHH Sữa Thảo Nguyên (ví dụ)",
        Kind.CTY_TNHH,
        "03982",
        "Tiểu khu 70, phường Thảo Nguyên",
        "Sữa từ đồng cỏ cao nguyên.",
    ),
    Maker(
        "HTX Nếp tan Mường Và (ví dụ)",
        Kind.HTX,
        "04231",
        "Bản Mường Và, xã Sốp Cộp",
        "Giữ giống nếp tan của người Lào.",
    ),
    Maker(
        "HTX Xoài Yên Châu (ví dụ)", Kind.HTX, "04075", "Bản Nghè, xã Yên Châu", "Xoài tròn bản địa có chỉ dẫn địa lý."
    ),
    Maker(
        "Công ty CP Cà phê Chiềng Ban (ví dụ)",
        Kind.CTY_CP,
        "04123",
        "Bản Thộ, xã Chiềng Mung",
        "Cà phê Arabica trên đất đồi Mai Sơn.",
    ),
    Maker(
        "Hộ kinh doanh Lạp xưởng Gia Phù (ví dụ)",
        Kind.HO_KD,
        "03922",
        "Phố Gia Phù, xã Gia Phù",
        "Gác bếp theo lối Mường.",
    ),
    Maker(
        "Tổ hợp tác Dệt Chiềng Sinh (ví dụ)", Kind.THT, "03679", "Bản Hẹo, phường Chiềng Sinh", "Dệt thổ cẩm Thái đen."
    ),
    Maker("HTX Mật ong Sông Mã (ví dụ)", Kind.HTX, "04168", "Bản Hải Sơn, xã Sông Mã", "Ong theo mùa hoa nhãn."),
    Maker(
        "Liên hiệp HTX Trái cây Sơn La (ví dụ)",
        Kind.LIEN_HIEP_HTX,
        "03646",
        "Số 2, phường Tô Hiệu",
        "Gom trái cây của mười hợp tác xã.",
    ),
    Maker(
        "DNTN Rượu sơn tra Bắc Yên (ví dụ)",
        Kind.DN_TU_NHAN,
        "03856",
        "Tiểu khu 3, xã Bắc Yên",
        "Quả sơn tra rừng ngâm ủ một năm.",
    ),
    Maker(
        "HTX Dược liệu Vân Hồ (ví dụ)", Kind.HTX, "04048", "Bản Hang Trùng, xã Vân Hồ", "Trồng dược liệu dưới tán rừng."
    ),
    Maker(
        "Công ty TNHH Nông sản Phù Yên (ví dụ)",
        Kind.CTY_TNHH,
        "03910",
        "Khối 8, xã Phù Yên",
        "Chế biến ngô, cam và chè Mường.",
    ),
    Maker(
        "HTX Gạo Ngọc Chiến (ví dụ)",
        Kind.HTX,
        "03820",
        "Bản Đông Xuông, xã Ngọc Chiến",
        "Lúa nếp trên ruộng bậc thang.",
    ),
    Maker(
        "Hộ kinh doanh Mây tre Mường La (ví dụ)",
        Kind.HO_KD,
        "03808",
        "Bản Nà Lo, xã Mường La",
        "Đan lát bằng mây rừng tự trồng.",
    ),
    Maker("HTX Hoa Mộc Châu (ví dụ)", Kind.HTX, "04033", "Tiểu khu Pa Khen, phường Vân Sơn", "Hoa ôn đới quanh năm."),
    Maker(
        "HTX Thịt trâu gác bếp Thuận Châu (ví dụ)",
        Kind.HTX,
        "03721",
        "Tiểu khu 5, xã Thuận Châu",
        "Thịt trâu bản, khói củi nhãn.",
    ),
)

FOOD, DRINK, HERBS = Group.THUC_PHAM, Group.DO_UONG, Group.DUOC_LIEU
CRAFT, LIVING, TOUR = Group.THU_CONG_MY_NGHE, Group.SINH_VAT_CANH, Group.DU_LICH

GOODS = (
    Good(
        0,
        "Chè Shan tuyết Tà Xùa",
        "Tà Xùa Shan Tuyết tea",
        DRINK,
        Motif.LEAF,
        "gói 100 g",
        730,
        "Búp chè Shan 100%",
        "Búp chè Shan tuyết hái tay, sao chảo gang, nước xanh trong, hậu ngọt.",
    ),
    Good(
        0,
        "Bạch trà Tà Xùa",
        "Tà Xùa white tea",
        DRINK,
        Motif.LEAF,
        "hộp 50 g",
        730,
        "Búp chè Shan 100%",
        "Chỉ lấy một tôm phủ tuyết, làm héo tự nhiên trong mây.",
    ),
    Good(
        0,
        "Hồng trà Tà Xùa",
        "Tà Xùa black tea",
        DRINK,
        Motif.CUP,
        "hộp 80 g",
        730,
        "Chè Shan 100%",
        "Lên men toàn phần, hương mật và quả chín.",
    ),
    Good(
        1,
        "Mận hậu Mộc Châu",
        "Mộc Châu plums",
        FOOD,
        Motif.FRUIT,
        "hộp 1 kg",
        10,
        "Mận hậu tươi",
        "Mận hậu chín cây, phân cỡ, còn lớp phấn.",
    ),
    Good(
        1,
        "Mận sấy dẻo Mộc Châu",
        "Soft dried plums",
        FOOD,
        Motif.BAG,
        "gói 200 g",
        270,
        "Mận hậu, đường",
        "Sấy ở nhiệt độ thấp, giữ vị chua ngọt của mận.",
    ),
    Good(
        1,
        "Mứt mận Mộc Châu",
        "Plum jam",
        FOOD,
        Motif.JAR,
        "lọ 250 g",
        365,
        "Mận hậu, đường",
        "Nấu chậm nồi nhỏ, không phẩm màu.",
    ),
    Good(
        1,
        "Rượu mận Mộc Châu",
        "Plum wine",
        DRINK,
        Motif.BOTTLE,
        "chai 500 ml",
        None,
        "Mận hậu, rượu ngô",
        "Mận hậu ngâm rượu ngô men lá.",
    ),
    Good(
        2,
        "Bánh sữa Thảo Nguyên",
        "Milk cake",
        FOOD,
        Motif.BAG,
        "hộp 220 g",
        180,
        "Sữa bò tươi, đường",
        "Bánh sữa mềm từ sữa tươi trong ngày.",
    ),
    Good(
        2,
        "Sữa chua nếp cẩm Thảo Nguyên",
        "Yoghurt with purple rice",
        FOOD,
        Motif.JAR,
        "lốc 4 hộp",
        30,
        "Sữa tươi, nếp cẩm",
        "Sữa chua men sống với nếp cẩm nương.",
    ),
    Good(
        2,
        "Sữa tươi thanh trùng Thảo Nguyên",
        "Pasteurised milk",
        DRINK,
        Motif.BOTTLE,
        "chai 900 ml",
        15,
        "Sữa bò tươi",
        "Thanh trùng trong ngày tại đồng cỏ.",
    ),
    Good(
        3,
        "Gạo nếp tan Mường Và",
        "Mường Và sticky rice",
        FOOD,
        Motif.GRAIN,
        "túi 2 kg",
        365,
        "Gạo nếp tan",
        "Hạt to, trắng trong, xôi dẻo để lâu không cứng.",
    ),
    Good(
        3,
        "Xôi nếp tan sấy",
        "Dried sticky rice",
        FOOD,
        Motif.GRAIN,
        "gói 150 g",
        180,
        "Gạo nếp tan",
        "Cốm xôi sấy giòn ăn liền.",
    ),
    Good(
        4,
        "Xoài tròn Yên Châu",
        "Yên Châu round mango",
        FOOD,
        Motif.FRUIT,
        "hộp 2 kg",
        12,
        "Xoài tươi",
        "Xoài tròn bản địa, thơm đậm, xơ ít.",
    ),
    Good(
        4,
        "Xoài sấy dẻo Yên Châu",
        "Soft dried mango",
        FOOD,
        Motif.BAG,
        "gói 250 g",
        270,
        "Xoài, đường",
        "Xoài chín sấy dẻo, không chất bảo quản.",
    ),
    Good(
        4,
        "Chuối sấy Yên Châu",
        "Dried bananas",
        FOOD,
        Motif.BAG,
        "gói 200 g",
        270,
        "Chuối tây",
        "Chuối tây chín sấy nguyên quả.",
    ),
    Good(
        4,
        "Rượu chuối Yên Châu",
        "Banana spirit",
        DRINK,
        Motif.BOTTLE,
        "chai 500 ml",
        None,
        "Chuối, gạo",
        "Men lá truyền thống, hạ thổ sáu tháng.",
    ),
    Good(
        5,
        "Cà phê Arabica rang mộc",
        "Arabica coffee beans",
        DRINK,
        Motif.CUP,
        "túi 250 g",
        365,
        "Cà phê Arabica 100%",
        "Quả chín hái chọn, rang mộc vừa.",
    ),
    Good(
        5,
        "Cà phê phin giấy Sơn La",
        "Drip-bag coffee",
        DRINK,
        Motif.CUP,
        "hộp 10 gói",
        365,
        "Cà phê Arabica 100%",
        "Phin giấy tiện pha, hương hoa và cam.",
    ),
    Good(
        5,
        "Trà vỏ cà phê",
        "Cascara tea",
        DRINK,
        Motif.LEAF,
        "hộp 100 g",
        365,
        "Vỏ quả cà phê",
        "Vỏ cà phê chín phơi giàn, vị hồng táo.",
    ),
    Good(
        6,
        "Lạp xưởng gác bếp Gia Phù",
        "Smoked sausage",
        FOOD,
        Motif.MEAT,
        "gói 500 g",
        90,
        "Thịt lợn, mắc khén",
        "Thịt lợn bản, mắc khén, hun khói củi.",
    ),
    Good(
        6,
        "Giò lụa Gia Phù",
        "Pork roll",
        FOOD,
        Motif.MEAT,
        "cây 500 g",
        15,
        "Thịt lợn, nước mắm",
        "Giã nóng, gói lá chuối.",
    ),
    Good(
        6,
        "Chả cốm Gia Phù",
        "Green-rice pork patty",
        FOOD,
        Motif.MEAT,
        "gói 300 g",
        30,
        "Thịt lợn, cốm",
        "Cốm nếp tan và thịt nạc vai.",
    ),
    Good(
        7,
        "Khăn piêu thổ cẩm",
        "Piêu scarf",
        CRAFT,
        Motif.CLOTH,
        "chiếc",
        None,
        "Sợi bông",
        "Dệt tay, thêu chỉ màu theo mẫu Thái đen.",
    ),
    Good(
        7, "Túi thổ cẩm", "Brocade bag", CRAFT, Motif.CLOTH, "chiếc", None, "Sợi bông", "Vải dệt khung cửi, lót bông."
    ),
    Good(
        7,
        "Gối bông lau",
        "Reed-flower pillow",
        CRAFT,
        Motif.CLOTH,
        "chiếc",
        None,
        "Vải bông, bông lau",
        "Ruột bông lau phơi nắng, vỏ thổ cẩm.",
    ),
    Good(
        8,
        "Mật ong hoa nhãn Sông Mã",
        "Longan blossom honey",
        FOOD,
        Motif.JAR,
        "chai 500 ml",
        730,
        "Mật ong 100%",
        "Mật quay mùa hoa nhãn, sánh vàng.",
    ),
    Good(
        8,
        "Long nhãn Sông Mã",
        "Dried longan",
        FOOD,
        Motif.BAG,
        "hộp 500 g",
        365,
        "Nhãn",
        "Cùi nhãn xoáy sấy than, ngọt thanh.",
    ),
    Good(
        8, "Nhãn Sông Mã", "Sông Mã longan", FOOD, Motif.FRUIT, "hộp 2 kg", 10, "Nhãn tươi", "Nhãn chín cây, cùi dày."
    ),
    Good(
        9,
        "Chanh leo Sơn La",
        "Passion fruit",
        FOOD,
        Motif.FRUIT,
        "hộp 1 kg",
        20,
        "Chanh leo tươi",
        "Chanh leo tím, tỉ lệ dịch cao.",
    ),
    Good(
        9,
        "Nước cốt chanh leo",
        "Passion fruit pulp",
        DRINK,
        Motif.BOTTLE,
        "chai 500 ml",
        365,
        "Chanh leo, đường",
        "Ép lạnh, giữ hạt.",
    ),
    Good(
        9,
        "Đào Mèo sấy dẻo",
        "Soft dried peaches",
        FOOD,
        Motif.BAG,
        "gói 200 g",
        270,
        "Đào, đường",
        "Đào Mèo vùng cao sấy dẻo.",
    ),
    Good(
        10,
        "Rượu sơn tra Bắc Yên",
        "Hawthorn wine",
        DRINK,
        Motif.BOTTLE,
        "chai 500 ml",
        None,
        "Sơn tra, rượu gạo",
        "Sơn tra rừng ủ một năm, màu hổ phách.",
    ),
    Good(
        10,
        "Giấm sơn tra",
        "Hawthorn vinegar",
        FOOD,
        Motif.BOTTLE,
        "chai 350 ml",
        730,
        "Sơn tra",
        "Lên men tự nhiên sáu tháng.",
    ),
    Good(
        11,
        "Trà actiso Vân Hồ",
        "Artichoke tea",
        HERBS,
        Motif.HERB,
        "hộp 20 túi lọc",
        540,
        "Hoa, thân actiso",
        "Actiso trồng trên núi, sấy lạnh.",
    ),
    Good(
        11,
        "Tinh dầu sả Vân Hồ",
        "Lemongrass oil",
        HERBS,
        Motif.HERB,
        "chai 30 ml",
        730,
        "Sả Java",
        "Chưng cất hơi nước tại vườn.",
    ),
    Good(
        11,
        "Cao giảo cổ lam",
        "Jiaogulan extract",
        HERBS,
        Motif.JAR,
        "lọ 100 g",
        730,
        "Giảo cổ lam",
        "Nấu cô 48 giờ từ dây giảo cổ lam.",
    ),
    Good(
        12,
        "Cam Phù Yên",
        "Phù Yên oranges",
        FOOD,
        Motif.FRUIT,
        "hộp 3 kg",
        20,
        "Cam tươi",
        "Cam Vinh trồng đất đồi, mọng nước.",
    ),
    Good(
        12,
        "Bột ngô nếp rang",
        "Roast maize flour",
        FOOD,
        Motif.GRAIN,
        "gói 500 g",
        180,
        "Ngô nếp",
        "Ngô nếp nương rang xay mịn.",
    ),
    Good(
        13,
        "Gạo nếp tan Ngọc Chiến",
        "Ngọc Chiến sticky rice",
        FOOD,
        Motif.GRAIN,
        "túi 5 kg",
        365,
        "Gạo nếp tan",
        "Lúa ruộng bậc thang, nước suối khoáng.",
    ),
    Good(
        13,
        "Cốm nếp Ngọc Chiến",
        "Young green rice",
        FOOD,
        Motif.GRAIN,
        "gói 300 g",
        60,
        "Lúa nếp non",
        "Cốm giã tay mùa lúa chín sữa.",
    ),
    Good(
        14,
        "Giỏ mây Mường La",
        "Rattan basket",
        CRAFT,
        Motif.BASKET,
        "chiếc",
        None,
        "Mây",
        "Mây trồng, đan mắt cáo, hun rơm chống mọt.",
    ),
    Good(14, "Mâm mây", "Rattan tray", CRAFT, Motif.BASKET, "chiếc", None, "Mây, tre", "Mâm cơm của người Thái."),
    Good(
        15,
        "Hoa ly Mộc Châu",
        "Mộc Châu lilies",
        LIVING,
        Motif.FLOWER,
        "bó 10 cành",
        12,
        "Hoa tươi",
        "Hoa ly cắt sáng sớm, bảo quản lạnh.",
    ),
    Good(
        15,
        "Địa lan Mộc Châu",
        "Cymbidium orchids",
        LIVING,
        Motif.FLOWER,
        "chậu",
        None,
        "Cây sống",
        "Địa lan trồng ba năm mới bán.",
    ),
    Good(
        16,
        "Thịt trâu gác bếp Thuận Châu",
        "Smoked buffalo meat",
        FOOD,
        Motif.MEAT,
        "gói 300 g",
        120,
        "Thịt trâu, mắc khén",
        "Thịt bắp trâu thái dọc thớ, gác bếp mười ngày.",
    ),
)

MARKETS: Mapping[str, tuple[float, float]] = {
    "Sơn La": (21.327, 103.914),
    "Mộc Châu": (20.846, 104.683),
    "Hà Nội": (21.028, 105.854),
    "Hải Phòng": (20.865, 106.683),
    "Thành phố Hồ Chí Minh": (10.776, 106.701),
}
"""Where the demo's packs are bought and scanned: degrees of latitude and longitude."""


def example_gtin(number: int) -> str:
    """A GTIN-13 with GS1's example prefix 952 and its right check digit."""
    digits = f"952{number:09d}"
    total = sum(int(digit) * (1, 3)[place % 2] for place, digit in enumerate(digits))
    return f"{digits}{-total % 10}"
