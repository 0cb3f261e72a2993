from django.utils.translation import gettext_noop as mark

from fengsui.core.wording import words

words(
    sensing__station__not_found=(mark("没有这个测站"), mark("从测站列表重新打开")),
    sensing__stream__not_found=(mark("没有这个数据流"), mark("从测站列表重新打开")),
    sensing__ladder__wrong=(mark("分级阈值不能用：%(detail)s"), mark("各级要由低到高，回差不能为负")),
    sensing__receive__no_credentials=(mark("没有设备口令，或口令不对"), mark("用签发给这台设备的登录名和口令")),
    sensing__receive__other_station=(mark("这台设备不能报这个测站的数"), mark("检查地址里的站码，或重新签发设备口令")),
    sensing__receive__unknown=(mark("没有这个测站，或它没有这类传感器"), mark("检查地址：/api/v1/readings/站码/类别")),
    sensing__receive__too_large=(mark("报文太大，没有收下"), mark("分成不超过 %(limit)s 字节的几份再报")),
    sensing__receive__not_kept=(mark("消息队列没有接住，读数没有收下"), mark("稍后原样再报；重报不会重复")),
    sensing__receive__method=(mark("这里只收 POST"), mark("用 POST 交读数")),
    sensor__decode__too_large=(mark("报文太大"), mark("分成几份再报")),
    sensor__decode__not_json=(mark("报文不是 JSON：%(detail)s"), mark("按接口说明改报文格式")),
    sensor__decode__not_object=(mark("报文不是 JSON 对象"), mark("按接口说明改报文格式")),
    sensor__decode__unit_missing=(mark("报文没有写单位"), mark("写明 unit：%(accepted)s 之一")),
    sensor__decode__unit_wrong=(mark("单位“%(unit)s”不能用"), mark("改用 %(accepted)s 之一")),
    sensor__decode__value=(mark("第 %(index)s 个值不能用：%(value)s"), mark("值要是有限的数")),
    sensor__decode__time=(mark("第 %(index)s 个时间不能用：%(time)s"), mark("用带时区的 ISO 8601 或 Unix 秒")),
    sensor__decode__flags=(mark("flags 不是文字列表"), mark("写成文字列表，或不写")),
    sensor__decode__empty=(mark("报文里没有读数"), mark("readings 至少一个")),
    sensor__decode__too_many=(mark("一次报了 %(count)s 个读数，超过 %(limit)s 个"), mark("分成几份再报")),
    sensor__decode__rows=(
        mark("%(count)s 个读数里有 %(bad)s 个不能用：第 %(rows)s 个，其余已入库"),
        mark("值要是有限的数，时间要带时区"),
    ),
    sensor__decode__broken=(mark("解码程序出错，报文原样留存"), mark("请系统管理员查看日志")),
    sensing__topic__unknown=(mark("没有登记这个主题"), mark("先登记测站，或改设备的主题")),
    sensing__message__undated=(mark("代理留存的旧报文没有写时间，不知何时所测"), mark("报文写明时间，或不用 retain")),
    sensing__store__failed=(mark("读数没能入库，报文原样留存"), mark("请系统管理员查看日志")),
    sensor__kind__unknown=(mark("没有“%(kind)s”这类传感器"), mark("检查主题或地址里的类别")),
    sensing__observations__too_long=(mark("一次最多取 %(days)s 天的观测值"), mark("把时段分成几段取")),
)
